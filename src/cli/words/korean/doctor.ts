// Korean of what `knockctl doctor` finds and concludes.
export const doctorKorean: Readonly<Record<string, string>> = {
  "knockd does not run": "knockd가 실행 중이 아닙니다",
  "knockd runs with another configuration, {}, and not {}":
    "knockd가 {2}이(가) 아닌 다른 설정 {1}(으)로 실행 중입니다",
  "{} was changed after knockd read it": "knockd가 읽은 뒤에 {1} 파일이 바뀌었습니다",
  "knockd runs in another network namespace: its packets cannot be seen from here":
    "knockd가 다른 네트워크 네임스페이스에서 실행 중이라 여기서는 패킷을 볼 수 없습니다",
  "run knockctl doctor where knockd runs":
    "knockd가 실행 중인 곳에서 knockctl doctor를 실행하십시오",
  "[{}] is disabled: its time has ended, or its sequences are used up":
    "[{1}] 문을 쓸 수 없습니다. 기한이 지났거나 노크 순서를 모두 썼습니다",
  "{} is ignored for {} more: it touched three decoys":
    "{1} 주소를 앞으로 {2} 동안 무시합니다. 미끼 포트를 세 번 건드렸습니다",
  "the kernel dropped {} that came faster than knockd read them":
    "knockd가 읽는 속도보다 빨리 도착한 {1}를 커널이 버렸습니다",
  "{n} packets": "패킷 {1}개",
  "{} is down: no packet comes in there":
    "{1} 인터페이스가 꺼져 있어서(down) 패킷이 들어오지 않습니다",
  "nft is missing, and native doors need it": "nft가 없습니다. 내장 문(native door)에 필요합니다",
  "the kernel or nft does not take the rules of native doors: {}":
    "커널이나 nft가 내장 문(native door)의 규칙을 받지 않습니다: {1}",
  "modprobe nf_tables, or a kernel with nftables":
    "modprobe nf_tables, 또는 nftables를 지원하는 커널",
  "the clock is not synchronized, and {} ends at a date":
    "시계가 동기화되어 있지 않은데 {1} 문에는 끝나는 날짜가 있습니다",
  "apt install systemd-timesyncd, or chrony": "apt install systemd-timesyncd 또는 chrony",
  "knockd ended while this command listened": "이 명령이 패킷을 기다리는 동안 knockd가 끝났습니다",
  "{} (and {} more)": "{1} (그 밖에 {2})",
  "{n} problems": "문제 {1}개",
  "this machine is in order; whether a knock arrives was not tested":
    "이 서버에는 문제가 없습니다. 노크가 도착하는지는 시험하지 않았습니다",
  "the knock of {} at [{}] is right": "{1} 주소가 [{2}] 문에 한 노크가 맞습니다",
  "{}; it would open the door": "{1}. 문이 열렸을 노크입니다",
  "{}, but {}": "{1}. 하지만 {2}",
  "{}, but knockd ignores {}: it touched three decoys":
    "{1}. 하지만 {2} 주소가 미끼 포트를 세 번 건드려서 knockd가 무시합니다",
  "{}, but knockd did not take it: {}": "{1}. 하지만 knockd가 받아들이지 않았습니다: {2}",
  "it may run with an older configuration, or have lost packets":
    "예전 설정으로 실행 중이거나 패킷을 놓쳤을 수 있습니다",
  "{}; its command still runs after 5s": "{1}. 5초가 지났는데 명령이 아직 끝나지 않았습니다",
  "{}, and knockd opened the door, but the kernel does not know of it":
    "{1}. knockd가 문을 열었지만 커널에는 열려 있지 않습니다",
  "{}, but its command failed: {}": "{1}. 하지만 명령이 실패했습니다: {2}",
  "the knock of {} opened [{}]: {} for {}":
    "{1} 주소의 노크로 [{2}] 문이 열렸습니다: {3}({4} 동안)",
  "the knock of {} opened [{}]: {}": "{1} 주소의 노크로 [{2}] 문이 열렸습니다: {3}",
  "the knock of {} opened [{}] for {}": "{1} 주소의 노크로 [{2}] 문이 {3} 동안 열렸습니다",
  "the knock of {} opened [{}]": "{1} 주소의 노크로 [{2}] 문이 열렸습니다",
  "{}; but {}": "{1}. 하지만 {2}",
  "{n} packet": "패킷 {1}개",
  "{n} problem": "문제 {1}개",
};
