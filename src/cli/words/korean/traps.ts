// Korean of the likely mistakes in a configuration.
export const trapsKorean: Readonly<Record<string, string>> = {
  "no doors: nothing will ever be opened": "문이 없습니다. 아무것도 열리지 않습니다",
  "[{}] is read as [options]; in knockd 0.8 it would be a door":
    "[{1}] 섹션을 [options]로 읽습니다. knockd 0.8에서는 문이 됩니다",
  "other hosts that reach this address can read the metrics":
    "이 주소에 접속할 수 있는 다른 컴퓨터가 메트릭을 읽을 수 있습니다",
  "127.0.0.1 or [::1]": "127.0.0.1 또는 [::1]",
  "a packet that was held back for so long still opens a door":
    "이만큼 늦게 도착한 패킷도 문을 엽니다",
  "a clock that keeps time, and 2m": "시계를 맞추어 두고 2m",
  "the ports of '{}' ascend: a plain port scan knocks them in this order":
    "'{1}' 문의 포트가 오름차순입니다. 단순한 포트 스캔만으로도 이 순서대로 노크하게 됩니다",
  "shuffle them, or let it have decoys": "순서를 섞거나 미끼 포트(decoys)를 두십시오",
  "seq_timeout is 0: '{}' can never be opened": "seq_timeout이 0이라서 '{1}' 문을 열 수 없습니다",
  "'{}' opens all protected services at once for the source that knocks":
    "'{1}' 문은 노크한 주소에 보호하는 서비스를 모두 한꺼번에 엽니다",
  "open = tcp/22 opens one": "open = tcp/22라고 쓰면 하나만 엽니다",
  "open_for is 0: '{}' can never be opened": "open_for가 0이라서 '{1}' 문을 열 수 없습니다",
  "'{}' opens nothing and runs no command":
    "'{1}' 문은 아무것도 열지 않고 명령도 실행하지 않습니다",
  "'{}' has no tcpflags: any TCP packet to its ports counts, not only the first of a connection":
    "'{1}' 문에 tcpflags가 없습니다. 연결의 첫 패킷뿐 아니라 그 포트로 오는 모든 TCP 패킷을 노크로 셉니다",
  "'{}' opens by a sequence, too: who sees it can send it":
    "'{1}' 문은 노크 순서로도 열립니다. 순서를 엿본 사람이 그대로 보낼 수 있습니다",
  "without the sequence, keys alone open it": "노크 순서를 지우면 키로만 열립니다",
  "'{}' runs no commands, so that user means nothing":
    "'{1}' 문은 명령을 실행하지 않으므로 user가 쓰이지 않습니다",
  "open_for is longer than {} can count: '{}' will be open for {} days":
    "open_for가 {1}에서 쓸 수 있는 시간보다 깁니다. '{2}' 문은 {3}일 동안 열립니다",
  "'{}' has the list of one-time sequences of '{}': what one of them used up may still open the other":
    "'{1}' 문과 '{2}' 문이 같은 일회용 노크 순서 목록을 씁니다. 한쪽에서 쓴 순서로 다른 쪽이 열릴 수 있습니다",
  "a list for each door": "문마다 목록을 따로 두십시오",
  "something listens on udp/{} of this machine, which is a {}: it sees the knocks, too":
    "이 서버의 udp/{1} 포트를 다른 프로그램이 쓰고 있는데, {2} 포트이기도 합니다. 그 프로그램도 노크를 받습니다",
  "a port on which nothing listens": "쓰이지 않는 포트를 고르십시오",
  "something listens on {} of this machine, which is a step of '{}'":
    "이 서버의 {1} 포트를 다른 프로그램이 쓰고 있는데, '{2}' 문의 노크 순서에 들어 있습니다",
  "choose ports that are closed": "닫힌 포트를 고르십시오",
  "{}:{}: {}, the line is skipped": "{1}:{2}: {3}. 이 줄은 건너뜁니다",
  "no sequences are left in {}: '{}' stays closed":
    "{1} 파일에 남은 노크 순서가 없어서 '{2}' 문이 열리지 않습니다",
  "{}: '{}' stays closed": "{1}. '{2}' 문이 열리지 않습니다",
  "'{}' ended at {}, and stays closed": "'{1}' 문은 {2}에 기한이 지나서 열리지 않습니다",
  "remove its section": "섹션을 지우십시오",
  "this machine has no user \"{}\": no command of '{}' can be run":
    "이 서버에 \"{1}\" 사용자가 없어서 '{2}' 문의 명령을 실행할 수 없습니다",
  "other commands may run {} at the same time, which loses changes: the kind of this one is {}":
    "다른 명령이 {1} 프로그램을 동시에 실행하면 변경이 사라질 수 있습니다. 이 명령의 종류는 {2}입니다",
  "{} is a directory: the log goes to no file": "{1}: 디렉터리입니다. 로그를 파일에 쓰지 않습니다",
  "there is no directory {}: the log goes to no file":
    "{1} 디렉터리가 없습니다. 로그를 파일에 쓰지 않습니다",
  "{} is a port of {}: knocks may not arrive":
    "{1} 인터페이스는 {2}의 포트입니다. 노크가 도착하지 않을 수 있습니다",
  "there is no interface {}: knockd waits for it":
    "{1} 인터페이스가 없습니다. knockd는 생길 때까지 기다립니다",
  "{} is an address, and no interface": "{1}: 인터페이스가 아니라 주소입니다",
  "{} is an address of {}: packets to all addresses of {} count":
    "{1}: {2} 인터페이스의 주소입니다. {3} 인터페이스의 모든 주소로 오는 패킷을 셉니다",
  "target = ADDRESS in a door takes packets to this address alone":
    "문에 target = ADDRESS라고 쓰면 이 주소로 오는 패킷만 셉니다",
  "any, or one of: {}": "any, 또는 다음 중 하나: {1}",
  "this machine forwards no packets of IPv{}: no source reaches the hosts of '{}'":
    "이 서버는 IPv{1} 패킷을 전달하지 않습니다. '{2}' 문이 여는 호스트에 아무도 접속할 수 없습니다",
  "; also at {}": ". 다른 문도 {1} 그렇습니다",
  "{n} other doors": "{1}개",
  "a knock over IPv6 at '{}' runs iptables, which refuses an IPv6 address{}":
    "'{1}' 문에 IPv6로 노크하면 iptables를 실행하는데, iptables는 IPv6 주소를 받지 않습니다{2}",
  "Start_Command_6 = ip6tables …, or knockd -4": "Start_Command_6 = ip6tables … 또는 knockd -4",
  "there is no script {}": "{1} 스크립트가 없습니다",
  "there is no program {}": "{1} 프로그램이 없습니다",
  "{} cannot be executed": "{1}: 실행할 수 없습니다",
  "{} is in another directory: write {} alone":
    "{1} 프로그램은 다른 디렉터리에 있습니다. {2}(으)로만 쓰십시오",
  "'{}' has the sequence of '{}': one knock opens both":
    "'{1}' 문과 '{2}' 문의 노크 순서가 같습니다. 한 번 노크하면 둘 다 열립니다",
  "the sequence of '{}' is a part of that of '{}': a knock at '{}' opens both":
    "'{1}' 문의 노크 순서가 '{2}' 문의 순서에 들어 있습니다. '{3}' 문에 노크하면 둘 다 열립니다",
  "a second knock at '{}' puts its rule in once more, and '{}' deletes it once: the door stays open":
    "'{1}' 문에 두 번 노크하면 규칙이 두 번 들어가는데 '{2}' 문은 한 번만 지웁니다. 문이 열린 채 남습니다",
  "stop_command in the same door, or a native door: knockctl migrate shows one":
    "같은 문에 stop_command를 쓰거나 내장 문(native door)을 쓰십시오. knockctl migrate가 보여 줍니다",
  "{} is neither in {} nor in {}": "{1}: {2}에도 {3}에도 없는 경로입니다",
  "{} is in a folder of users or of temporary files":
    "{1}: 사용자 폴더나 임시 파일 폴더에 있습니다",
  "{} = {} needs root": "{1} = {2} 설정에는 root 권한이 필요합니다",
  "runs a command": "명령을 실행합니다",
  "door '{}' {}": "'{1}' 문: {2}",
  "runs a command when it opens": "열 때 명령을 실행합니다",
  "runs a command when it closes": "닫을 때 명령을 실행합니다",
  "changes its file of sequences": "노크 순서 파일을 고칩니다",
  "{} puts the rule at the end of {}: behind one that drops it opens nothing":
    "{1}은(는) 규칙을 {2} 체인의 끝에 넣습니다. 앞에 막는 규칙이 있으면 열리지 않습니다",
  "{} opens for every source: the rule has no %IP%":
    "{1} 규칙에 %IP%가 없어서 모든 주소에 열립니다",
  "the stop command does not undo the start command": "닫는 명령이 여는 명령을 되돌리지 않습니다",
  "the stop command deletes what stands at this number, which may be another rule":
    "닫는 명령은 이 번호의 규칙을 지웁니다. 다른 규칙일 수 있습니다",
  "'{}' has one port: any packet to it opens the door, a scanner's too":
    "'{1}' 문의 포트가 하나뿐입니다. 스캐너를 비롯해 그 포트로 오는 아무 패킷이나 문을 엽니다",
  "three ports or more": "포트를 세 개 이상 쓰십시오",
  "one port scan in random order of about {} opens '{}'":
    "무작위 순서의 포트 스캔 약 {1}번에 한 번꼴로 '{2}' 문이 열립니다",
  "no decoys keep '{}' closed during a scan of all ports in their order":
    "모든 포트를 차례대로 스캔하는 동안 '{1}' 문을 지킬 미끼 포트가 없습니다",
  "more decoys": "미끼 포트(decoys)를 늘리십시오",
  "ports that are not next to one another": "서로 붙어 있지 않은 포트를 쓰십시오",
  "knockctl migrate --repair fixes it": "knockctl migrate --repair로 고칠 수 있습니다",
  '"{}" begins with a typographic dash': '"{1}" 앞의 대시가 일반 하이픈이 아닙니다',
  "was -- or - meant? {}": "-- 또는 -를 쓰려던 것 아닙니까? {1}",
  "the whole command is in quotes: the shell looks for a program of that long name":
    "명령 전체가 따옴표 안에 있습니다. 셸은 그 긴 이름의 프로그램을 찾습니다",
  "without the quotes": "따옴표를 빼십시오",
  "{} is a typographic quote, which quotes nothing":
    "{1} 문자는 둥근 따옴표라서 따옴표 구실을 하지 못합니다",
  "was {} meant? {}": "{1} 문자를 쓰려던 것 아닙니까? {2}",
  "{} does not part words": "{1}: 낱말을 나누지 못합니다",
  "no-break space": "줄 바꿈 없는 공백",
  "an ordinary blank; {}": "보통 공백을 쓰십시오. {1}",
  '"{}" stands for nothing': '"{1}": 뜻이 없습니다',
  "nothing sets {}": "{1}: 값을 정하는 곳이 없습니다",
  "%IP% or $KNOCK_IP": "%IP% 또는 $KNOCK_IP",
  "a command is one line: the next line is not part of it":
    "명령은 한 줄에 씁니다. 다음 줄은 명령에 들어가지 않습니다",
  "write it on one line, without the \\": "\\ 없이 한 줄에 쓰십시오",
  ': did you mean "{}"?': '. 혹시 "{1}"?',
  "'{}' has the user \"{}\", whom the users file does not have{}":
    "'{1}' 문의 사용자 \"{2}\"이(가) 사용자 파일에 없습니다{3}",
  "'{}' has users, but none of them has a device that is enabled":
    "'{1}' 문에 사용자가 있지만 쓸 수 있는 기기가 없습니다",
  "{} cannot knock: {} says no port for its packets":
    "{1} 기기는 노크할 수 없습니다. 패킷이 도착할 {2} 포트가 없습니다",
  "{w} has expired": "{1} 기기의 기한이 지났습니다",
  "{} expires at the end of {} (UTC)": "{1} 기기의 기한이 {2}(UTC)에 끝납니다",
  "{} without {}: iptables refuses the command":
    "{1} 옵션 앞에 {2}이(가) 없어서 iptables가 명령을 거부합니다",
  "{} before {}: iptables refuses the command":
    "{1} 옵션이 {2}보다 앞에 있어서 iptables가 명령을 거부합니다",
  "{} changes its file of sequences": "{1}: 노크 순서 파일을 고칩니다",
  "{w} runs a command": "{1}: 명령을 실행합니다",
  "{n} other door": "{1}개",
  "{} does not part word": "{1}: 낱말을 나누지 못합니다",
  "{} changes its file of sequence": "{1}: 노크 순서 파일을 고칩니다",
};
