// Korean of the errors of a configuration file.
export const configKorean: Readonly<Record<string, string>> = {
  'syntax error: "{}" needs a value': '문법 오류: "{1}" 지시어에 값이 필요합니다',
  "a command is one line: this is not a directive":
    "명령은 한 줄에 씁니다. 이 줄은 지시어가 아닙니다",
  "write it at the end of line {}": "{1}행의 끝에 이어서 쓰십시오",
  "syntax error: unknown directive{}": "문법 오류: 알 수 없는 지시어{1}",
  "comments begin with #": "주석은 #으로 시작합니다",
  "it belongs in the section [options]": "[options] 섹션에 쓰는 지시어입니다",
  "it belongs in the section of a door": "문의 섹션에 쓰는 지시어입니다",
  'did you mean "{}"?': '혹시 "{1}"?',
  "the trial of knockctl guard": "knockctl guard의 시험 보호",
  "what a damaged journal may leave open": "손상된 저널 때문에 열린 채 남을 수 있는 것",
  "section '{}' has a reserved name": "'{1}' 섹션의 이름은 예약되어 있습니다",
  "it names {}: rename the door": "예약된 뜻: {1}. 문의 이름을 바꾸십시오",
  "section '{}' has both Sequence and One_Time_Sequences":
    "'{1}' 섹션에 Sequence와 One_Time_Sequences가 모두 있습니다",
  "a door has one or the other: remove one of the two lines":
    "둘 중 하나만 쓸 수 있습니다. 한 줄을 지우십시오",
  "section '{}' has an empty knock sequence": "'{1}' 섹션의 노크 순서가 비어 있습니다",
  "section '{}' protects any: that would deny the whole host to all others":
    "'{1}' 섹션이 any를 보호합니다. 그러면 다른 모든 주소가 이 서버 전체에 접속할 수 없습니다",
  "protect = yes in doors that name their services": "서비스를 하나하나 적은 문에 protect = yes",
  "section '{}' has both Open and commands": "'{1}' 섹션에 Open과 명령이 모두 있습니다",
  "make two doors of it": "문 두 개로 나누십시오",
  "syntax error: expected [NAME], and nothing after it":
    "문법 오류: [이름]만 있어야 하고 그 뒤에는 아무것도 없어야 합니다",
  "bad section name: it is empty": "잘못된 섹션 이름: 비어 있습니다",
  "syntax error": "문법 오류",
  "all directives must belong to a section": "지시어는 모두 섹션 안에 있어야 합니다",
  "begin with a line {}": "그 앞에 {1} 줄을 넣으십시오",
  "this file has no sections": "이 파일에는 섹션이 없습니다",
  "invisible character": "보이지 않는 문자",
  "delete it": "지우십시오",
  "commas between ports: 7000,8000:udp,9000": "포트 사이에 쉼표: 7000,8000:udp,9000",
  "steps are written as 7000, 7000:tcp or 7000:udp":
    "노크 순서의 각 단계는 7000, 7000:tcp, 7000:udp처럼 씁니다",
  "a number of seconds, or one with a unit: 500ms, 30s, 10m, 1h, 2d":
    "초 단위의 숫자 또는 단위를 붙인 숫자: 500ms, 30s, 10m, 1h, 2d",
  '"{}" is not a length of time': '"{1}": 잘못된 시간입니다',
  "a date, a time and an offset from UTC: 2026-12-31T18:00:00Z, 2026-12-31T19:00:00+01:00":
    "날짜, 시각, UTC와의 시차: 2026-12-31T18:00:00Z, 2026-12-31T19:00:00+01:00",
  '"{}" is not a date with a time': '"{1}": 시각이 있는 날짜가 아닙니다',
  "flags are {}, each with a ! before it or not":
    "쓸 수 있는 플래그: {1}. 앞에 !를 붙일 수 있습니다",
  'unrecognized flag "{}"': '알 수 없는 플래그 "{1}"',
  "an address (192.0.2.1, 2001:db8::1), a network (192.0.2.0/24) or a host name":
    "주소(192.0.2.1, 2001:db8::1), 네트워크(192.0.2.0/24), 호스트 이름 중 하나",
  '"{}" is not a target': '"{1}": 잘못된 대상입니다',
  "addresses (192.0.2.1, 2001:db8::1) or networks (192.0.2.0/24), with commas between them":
    "주소(192.0.2.1, 2001:db8::1)나 네트워크(192.0.2.0/24), 여럿이면 쉼표로 구분",
  '"{}" is not an address': '"{1}": 잘못된 주소입니다',
  '"{}" is not a service': '"{1}": 잘못된 서비스입니다',
  "tcp/2222 -> 10.0.0.5:22, or tcp/2222 -> [2001:db8::5]:22":
    "tcp/2222 -> 10.0.0.5:22 또는 tcp/2222 -> [2001:db8::5]:22",
  "open = {}, and a line: to = {}": "open = {1}, 그리고 다른 줄에 to = {2}",
  "one port a service: tcp/22, tcp/23": "서비스마다 포트 하나: tcp/22, tcp/23",
  "services are written as tcp/22, udp/51820 or icmp":
    "서비스는 tcp/22, udp/51820, icmp처럼 씁니다",
  "an address and a port: 127.0.0.1:9190 or [::1]:9190":
    "주소와 포트: 127.0.0.1:9190 또는 [::1]:9190",
  '"{}" is no place to listen on': '"{1}": 연결을 받을 수 있는 주소가 아닙니다',
  "ports from 1 to 65535, with commas between them: 23547, 443":
    "1부터 65535까지의 포트, 여럿이면 쉼표로 구분: 23547, 443",
  '"{}" is not a port': '"{1}": 잘못된 포트입니다',
  'expected {} to {}, got "{}"': '{1}에서 {2}까지 쓸 수 있는데 "{3}"입니다',
  "names of interfaces, such as eth0, with commas between them, or any":
    "eth0 같은 인터페이스 이름(여럿이면 쉼표로 구분) 또는 any",
  '"{}" is not the name of an interface': '"{1}": 잘못된 인터페이스 이름입니다',
  "more than 100 interfaces": "인터페이스가 100개를 넘습니다",
  'expected a number from {} to {}, got "{}"': '{1}부터 {2}까지의 숫자를 써야 하는데 "{3}"입니다',
  "0: no limit": "0이면 제한 없음",
  'expected {}, got "{}"': '{1} 중 하나를 써야 하는데 "{2}"입니다',
  'expected yes or no, got "{}"': 'yes나 no를 써야 하는데 "{1}"입니다',
  "a command cannot hold a NUL": "명령에 NUL 문자를 쓸 수 없습니다",
  "a path cannot hold a NUL": "경로에 NUL 문자를 쓸 수 없습니다",
  "expected a path": "경로를 써야 합니다",
  '"{}" is not the name of a user': '"{1}": 잘못된 사용자 이름입니다',
  "1 to 63 characters, no blanks, no #": "1~63자, 공백과 # 없이",
  '"{}" is not the name of a fwknop user': '"{1}": 잘못된 fwknop 사용자 이름입니다',
  '"{}" is not a name': '"{1}": 잘못된 이름입니다',
  "a program's name, or no": "프로그램 이름 또는 no",
  "at most 64 letters, digits, dots, hyphens and underscores":
    "영문자, 숫자, 점, 하이픈, 밑줄로 64자까지",
  "letters, digits and underscores": "영문자, 숫자, 밑줄",
  '"{}" is not the name of a table': '"{1}": 잘못된 테이블 이름입니다',
  "user and password stand in the file that FleetFile names":
    "사용자와 비밀번호는 FleetFile이 가리키는 파일에 씁니다",
  "the address of a store has no user and no password":
    "저장소 주소에는 사용자와 비밀번호를 쓸 수 없습니다",
  "redis://HOST:PORT, rediss://HOST:PORT, redis+unix:///PATH or sentinel://HOST:PORT,…/NAME":
    "redis://HOST:PORT, rediss://HOST:PORT, redis+unix:///PATH 또는 sentinel://HOST:PORT,…/NAME",
  '"{}" is not the address of a store': '"{1}": 잘못된 저장소 주소입니다',
  "expected a command or an https:// address": "명령이나 https:// 주소를 써야 합니다",
  "this address cannot be read": "읽을 수 없는 주소입니다",
  "https://; http:// is for this host alone":
    "https://를 쓰십시오. http://는 이 서버의 주소에만 쓸 수 있습니다",
  "other hosts on the way can read http://": "http://는 중간에 있는 다른 컴퓨터가 엿볼 수 있습니다",
  "the file is UTF-16": "파일이 UTF-16입니다",
  "save it as UTF-8": "UTF-8로 저장하십시오",
  "the file is not UTF-8, it is read as Latin-1": "파일이 UTF-8이 아니어서 Latin-1로 읽습니다",
  "section '{}' {}": "'{1}' 섹션: {2}",
  "has To without Open": "To는 있는데 Open이 없습니다",
  "has both To and a forwarded port": "To와 포트 전달이 모두 있습니다",
  "a door has one or the other: make two doors":
    "둘 중 하나만 쓸 수 있습니다. 문 두 개로 나누십시오",
  "open = tcp/22, or make two doors of it": "open = tcp/22, 또는 문 두 개로 나누십시오",
  "opens {} of hosts behind this one, which knockd cannot":
    "이 서버 뒤에 있는 호스트의 {1} 서비스는 knockd가 열 수 없습니다",
  "has Masquerade and forwards no port": "Masquerade가 있는데 전달하는 포트가 없습니다",
  "remove protect = no": "protect = no를 지우십시오",
  "forwards a port: it is always closed to all sources that have not knocked":
    "포트를 전달하는 문은 노크하지 않은 모든 주소에 늘 닫혀 있습니다",
  "this host": "이 서버",
  "{} in section '{}'": "'{2}' 섹션의 {1}",
  "section '{}': {} leads to {}, and to {}":
    "'{1}' 섹션: {2} 포트가 {3} 및 {4}, 두 곳으로 이어집니다",
  "give each its own port": "포트를 따로 쓰십시오",
  "section '{}': nft does not take the name of the interface \"{}\"":
    "'{1}' 섹션: nft가 인터페이스 이름 \"{2}\"을(를) 받지 않습니다",
  "opens services of hosts behind this one, which takes nftables":
    "이 서버 뒤에 있는 호스트의 서비스를 열려면 nftables가 필요합니다",
  "allows no source of IPv{}, which {} is for":
    "{2} 서비스는 IPv{1}용인데 허용한 IPv{1} 주소가 없습니다",
  "an address of IPv{} behind ->": "-> 뒤에 IPv{1} 주소를 쓰십시오",
  "'{}' has Users, but no KnockPort says where their knocks arrive":
    "'{1}' 문에 Users가 있는데, 노크가 도착할 KnockPort가 없습니다",
  "KnockPort = 23547 in [options]": "[options]에 KnockPort = 23547",
  "another door with Users is named '{}', too": "Users가 있는 다른 문의 이름도 '{1}'입니다",
  "give them different names": "서로 다른 이름을 쓰십시오",
  "a FwknopPort is a KnockPort, too": "FwknopPort가 KnockPort와 같습니다",
  "another FwknopPort": "다른 FwknopPort를 쓰십시오",
  "another {w}": "다른 {1} 포트를 쓰십시오",
  "a step of '{}' is a {w}": "'{1}' 문의 노크 순서에 {2} 포트가 있습니다",
  "'{}' opens a {w}": "'{1}' 문이 {2} 포트를 엽니다",
  "PERSON, PERSON/DEVICE or @GROUP: alice, bob/phone, @admins":
    "PERSON, PERSON/DEVICE 또는 @GROUP: alice, bob/phone, @admins",
  "1 to 32 of a-z, 0-9, '.', '_' and '-': admins": "a-z, 0-9, '.', '_', '-' 1~32자: admins",
  '"{}" is not a day': '"{1}": 잘못된 날짜입니다',
  "the last day: 2027-03-31": "마지막 날: 2027-03-31",
  "{} is this host itself: a port is forwarded to another host":
    "{1} 주소는 이 서버입니다. 포트는 다른 호스트로 전달합니다",
  "{} is not the address of one host": "{1} 주소는 호스트 하나의 주소가 아닙니다",
  "{} is a link-local address, which is never forwarded":
    "{1} 주소는 링크 로컬 주소라서 전달할 수 없습니다",
  '"{}" is not a person, a device or a group': '"{1}": 사람, 기기, 그룹의 이름이 아닙니다',
  '"{}" is not the name of a group': '"{1}": 그룹 이름이 아닙니다',
};
