// Korean of the problems that a daemon reports.
export const daemonKorean: Readonly<Record<string, string>> = {
  "command returned non-zero status code ({})": "명령의 종료 코드 {1}",
  "{}, but knockd.service runs without root":
    "{1}. 하지만 knockd.service는 root 권한 없이 실행됩니다",
  "{n} warnings": "경고 {1}개",
  "{n} doors": "문 {1}개",
  "the last reload was refused, the configuration of before is in force: {}":
    "마지막으로 다시 읽은 설정에 오류가 있어 이전 설정을 씁니다: {1}",
  "systemctl reload knockd lets knockd read it":
    "systemctl reload knockd를 실행하면 knockd가 읽을 수 있습니다",
  "then: knockctl reload": "그다음: knockctl reload",
  "{} more could not be closed: knockctl leases":
    "그 밖에 {1}개를 닫지 못했습니다: knockctl leases",
  "is open": "열려 있음",
  '"{}" for {w} {}': '"{1}" 문, {2} 주소: {3}',
  "{} is protected, but no door opens it: knockctl unprotect":
    "{1} 서비스를 보호하는데 여는 문이 없습니다: knockctl unprotect",
  "the commands of {} failed: knockctl doors --json":
    "{1}의 명령이 실패했습니다: knockctl doors --json",
  "{n} more doors": "다른 문 {1}개",
  "last {} for {}": "마지막은 {1}, {2} 주소",
  '"{}": its command failed {}, {}: {}': '"{1}" 문의 명령이 {2} 실패했습니다. {3}: {4}',
  "{n} times": "{1}번",
  "{} has not started since {}: {} under way":
    "{2}부터 {1} 프로그램이 시작되지 않습니다. 시작하는 중: {3}",
  "{n} starts": "{1}개",
  "users file {}: {}": "사용자 파일 {1}: {2}",
  "{n} commands": "명령 {1}개",
  "{}, {} wait, the oldest since {}: {}": "{1}, {2}개 대기 중(가장 오래된 것은 {3}부터): {4}",
  "{} took more than 10 s: others of that kind started beside":
    "{1}의 실행이 10초를 넘어서 같은 종류의 다른 명령을 함께 시작했습니다",
  '"{}" has {} leases: further knocks at it open nothing':
    '"{1}" 문으로 이미 {2}곳에 열려 있어서 더 노크해도 열리지 않습니다',
  '"{}" has {} leases that could not be closed: more are forgotten':
    '"{1}" 문에서 닫지 못한 것이 {2}개입니다. 더 생기면 잊습니다',
  "the clock went back, or was ahead: several keys knocked at later times":
    "시계가 뒤로 갔거나 앞서 있었습니다. 여러 키가 더 늦은 시각으로 노크했습니다",
  "check the time service: chrony, NTP": "시각 동기화 서비스를 확인하십시오: chrony, NTP",
  "the store {}": "저장소 {1}",
  "; {} wait to be told": ". 알리지 못한 {1}",
  "{n} changes": "변경 {1}개",
  "fleet: {}": "게이트웨이 묶음: {1}",
  "{} is away for {}: this gateway goes on alone{}":
    "{1}의 응답이 없습니다({2}). 이 게이트웨이는 혼자 동작합니다{3}",
  "knockctl fleet shows the gateways as they were":
    "knockctl fleet이 마지막으로 알려진 게이트웨이 상태를 보여 줍니다",
  "{} may drop leases when it is full: its maxmemory-policy is {}":
    "{1}가 가득 차면 열린 문의 기록을 버릴 수 있습니다. maxmemory-policy가 {2}입니다",
  "set maxmemory-policy noeviction": "maxmemory-policy noeviction으로 설정하십시오",
  "the clock of {} jumped by {}": "{1} 저장소의 시계가 {2}만큼 건너뛰었습니다",
  "another users file": "사용자 파일이 다름",
  "copy the users file to all gateways, and reload":
    "사용자 파일을 모든 게이트웨이에 복사하고 설정을 다시 읽게 하십시오",
  "another KnockPort": "KnockPort가 다름",
  "set the same KnockPort at all gateways": "모든 게이트웨이의 KnockPort를 같게 하십시오",
  "another Freshness": "Freshness가 다름",
  "set the same Freshness at all gateways": "모든 게이트웨이의 Freshness를 같게 하십시오",
  'other users of the door "{}"': '"{1}" 문의 사용자가 다름',
  "give the door the same Users at all gateways":
    "모든 게이트웨이에서 이 문의 Users를 같게 하십시오",
  'another sequence of the door "{}"': '"{1}" 문의 노크 순서가 다름',
  "give the door the same sequence at all gateways":
    "모든 게이트웨이에서 이 문의 노크 순서를 같게 하십시오",
  'another one-time list of the door "{}"': '"{1}" 문의 일회용 목록이 다름',
  "copy the list to all gateways, and reload":
    "목록을 모든 게이트웨이에 복사하고 설정을 다시 읽게 하십시오",
  "another date": "날짜가 다름",
  "let all gateways follow a time service: chrony, NTP":
    "모든 게이트웨이의 시각을 맞추십시오: chrony, NTP",
  "the name of another gateway": "다른 게이트웨이와 이름이 같음",
  "give each gateway its own GatewayName": "게이트웨이마다 GatewayName을 다르게 하십시오",
  'fleet: another gateway has the name "{}", too':
    '게이트웨이 묶음: 다른 게이트웨이의 이름도 "{1}"입니다',
  "its rules are not in the kernel": "커널에 규칙이 없습니다",
  "{} is not protected: {}": "{1} 서비스가 보호되지 않습니다: {2}",
  "cannot follow a change of the network: {}": "네트워크 변화를 따라가지 못합니다: {1}",
  "interface {} is a port of {}: knocks may not arrive, name {}":
    "{1} 인터페이스는 {2}의 포트입니다. 노크가 도착하지 않을 수 있으니 {3}(으)로 쓰십시오",
  "native doors stay closed: {}": "내장 문(native door)이 열리지 않습니다: {1}",
  "cannot write {}: {}": "{1} 파일에 쓸 수 없습니다: {2}",
  "keys alone open it": "키로만 열림",
  "its sequences are used once": "노크 순서를 한 번씩만 씀",
  "it opens all services": "모든 서비스를 엶",
  "it opens other services over IPv4 than over IPv6": "IPv4와 IPv6에서 여는 서비스가 다름",
  "it ends at a date": "끝나는 날짜가 있음",
  "an interface has a name that nft does not take": "인터페이스 이름을 nft가 받지 않음",
  "it runs commands": "명령을 실행함",
  "it is disabled": "사용 중지됨",
  "it has a Target": "Target이 있음",
  "its sequence has a port twice": "노크 순서에 같은 포트가 두 번 있음",
  "its Seq_Timeout is shorter than 100 ms": "Seq_Timeout이 100ms보다 짧음",
  "its Open_For is shorter than 100 ms": "Open_For가 100ms보다 짧음",
  "door {} has a port of its sequence, too": "{1} 문의 노크 순서에도 있는 포트를 씀",
  "doors open only while knockd runs: {}": "knockd가 실행 중일 때만 문이 열립니다: {1}",
  "the kernel or nft refuses the rules for it": "커널이나 nft가 규칙을 거부함",
  "nothing is protected": "보호하는 서비스가 없음",
  "a dry run is under way": "dry run 중임",
  "interface {} is a port of {}": "{1} 인터페이스는 {2}의 포트임",
  "{} has not started since {}: {} under way, {} more wait for that":
    "{2}부터 {1} 프로그램이 시작되지 않습니다. 시작하는 중: {3}, {4}개가 더 기다립니다",
  "fleet: {} than here: {}": "게이트웨이 묶음: 이 서버와 설정이 다릅니다. {1}: {2}",
  "{n} command runs": "명령 {1}개 실행 중",
  "{n} commands run": "명령 {1}개 실행 중",
  "{n} for an earlier knock of the same source": "{1}개는 같은 주소의 앞선 노크를 기다림",
  '{n} for a {} of "{}"': '{1}개는 "{3}" 문의 {2} 명령을 기다림',
  '{n} for a slot of "{}"': '{1}개는 "{2}" 문의 차례를 기다림',
  "{n} for a slot": "{1}개는 차례를 기다림",
  "{} and {} more": "{1} 외 {2}곳",
  "{n} warning": "경고 {1}개",
  "{n} door": "문 {1}개",
  "{n} more door": "다른 문 {1}개",
  "{n} time": "{1}번",
  "{n} start": "{1}개",
  "{n} command": "명령 {1}개",
  "{n} change": "변경 {1}개",
  "{n} commands of the kind {}": "{2} 종류의 명령 {1}개",
  "{n} command of the kind {}": "{2} 종류의 명령 {1}개",
  "may still be open: closing failed {}: {}":
    "아직 열려 있을 수 있습니다. 닫기에 {1} 실패했습니다: {2}",
  "may still be open: closing failed {}: {}; given up: {} tries again, with --forget it takes it for closed":
    "아직 열려 있을 수 있습니다. 닫기에 {1} 실패해서 포기했습니다: {2}. {3} 명령으로 다시 시도합니다. --forget을 붙이면 닫힌 것으로 칩니다",
  "may still be open: {}; {} --forget takes it for closed":
    "아직 열려 있을 수 있습니다: {1}. {2} --forget을 쓰면 닫힌 것으로 칩니다",
  "the journal is damaged where it names the door and the source":
    "저널에서 문과 주소가 적힌 곳이 손상되었습니다",
  "the journal is damaged where it names the door and the source, and it was to end at {}":
    "저널에서 문과 주소가 적힌 곳이 손상되었습니다. 끝날 시각은 {1}이었습니다",
  "cannot {} the journal {}: {}": "저널 {2}에 쓸 수 없습니다({1}): {3}",
  "{}: leases are in memory only": "{1}. 열린 문을 메모리에만 기록합니다",
  "the disk has not answered for {}": "디스크가 {1} 동안 응답하지 않습니다",
  "{}: a knock of this time may open a door again after a restart":
    "{1}. 이때의 노크는 다시 시작한 뒤에 문을 또 열 수 있습니다",
  "the next boot begins with another protection: {}":
    "다음 부팅은 지금과 다른 보호로 시작합니다: {1}",
  "the next start protects {}: {}": "다음에 시작할 때 보호하는 것: {1}: {2}",
  "cannot read {}: {}: what the kernel protects stays protected":
    "{1} 파일을 읽을 수 없습니다: {2}. 커널이 보호하는 서비스는 그대로 보호합니다",
};
