// Korean of what `knock` prints and refuses.
export const clientKorean: Readonly<Record<string, string>> = {
  "--profile {} leaves no room for '{}'": "--profile {1}: '{2}'을(를) 함께 쓸 수 없습니다",
  "a command after -- needs an option that knockd's client lacks, such as --wait":
    "-- 뒤에 명령을 쓰려면 --wait처럼 knockd의 knock에는 없는 옵션이 있어야 합니다",
  "there is no profile '{}'": "'{1}' 프로필이 없습니다",
  "--proxy takes HOST PORT, and what to knock at": "--proxy에는 호스트, 포트, 노크할 곳을 씁니다",
  "did you mean '{}'?": "혹시 '{1}'?",
  "--list shows all profiles, --save makes one":
    "--list는 모든 프로필을 보여 주고, --save는 프로필을 만듭니다",
  "{}: '{}' has no {}": "{1}: '{2}' 프로필에 {3} 설정이 없습니다",
  "{}: '{}' waits for the answer to its request":
    "{1}: '{2}' 프로필은 요청에 대한 답을 기다리고 있습니다",
  "knock --request {} prints the line for the administrator again":
    "knock --request {1} 명령은 관리자에게 줄 줄을 다시 출력합니다",
  "knock --import takes the sesame: line of the answer":
    "답으로 받은 sesame: 줄은 knock --import에 넣습니다",
  "{}: '{}' has a Key, but no {}": "{1}: '{2}' 프로필에 Key는 있는데 {3} 설정이 없습니다",
  "--source and --interface exclude each other": "--source와 --interface는 함께 쓸 수 없습니다",
  "--help says how it is used": "--help가 사용법을 보여 줍니다",
  "--payload has no meaning with a key": "--payload는 키와 함께 쓸 수 없습니다",
  "--payload has no meaning without a UDP port": "--payload는 UDP 포트가 있어야 쓸 수 있습니다",
  "--proxy does not go together with --{}": "--proxy와 --{1} 옵션은 함께 쓸 수 없습니다",
  "--json leaves standard output to no command": "--json을 쓰면 명령이 표준 출력을 쓸 수 없습니다",
  "--retry needs --wait, which tells whether a knock worked":
    "--retry에는 노크가 통했는지 알려 주는 --wait가 필요합니다",
  "--{} leaves no room for '{}'": "--{1}: '{2}'을(를) 함께 쓸 수 없습니다",
  "--{} does not go together with --{}": "--{1} 옵션과 --{2} 옵션은 함께 쓸 수 없습니다",
  "Paste the sesame: line:": "sesame: 줄을 붙여 넣으십시오:",
  "{} is in {}. Try: knock {}": "{1} 프로필을 {2} 파일에 저장했습니다. 써 보십시오: knock {3}",
  "standard input has no sesame: line": "표준 입력에 sesame: 줄이 없습니다",
  "paste the line that knockctl user add printed, or give its file: knock --import <FILE":
    "knockctl user add가 출력한 줄을 붙여 넣거나, 그 줄이 든 파일을 주십시오: knock --import <FILE",
  "the key is not whole, or misspelt": "키가 온전하지 않거나 틀린 글자가 있습니다",
  "the host is missing or invalid": "호스트가 없거나 잘못되었습니다",
  "the port is missing or invalid": "포트가 없거나 잘못되었습니다",
  "the door is missing or invalid": "문이 없거나 잘못되었습니다",
  "the name is missing or invalid": "이름이 없거나 잘못되었습니다",
  "the port to wait for is invalid": "열리기를 기다릴 포트가 잘못되었습니다",
  "an address is invalid": "잘못된 주소가 있습니다",
  "the time is invalid": "시각이 잘못되었습니다",
  "'{}' cannot be the name of a profile": "'{1}': 프로필 이름으로 쓸 수 없습니다",
  "--name NAME gives it another: a word without * ? ! # , = and quotes":
    "--name NAME으로 다른 이름을 지으십시오. * ? ! # , = 문자와 따옴표가 없는 한 낱말",
  "the key is damaged: its checksum is wrong": "키가 손상되었습니다. 체크섬이 맞지 않습니다",
  "the sesame: line is broken: {}": "sesame: 줄이 손상되었습니다: {1}",
  "copy all of it, in one line": "한 줄로, 빠짐없이 복사하십시오",
  "knocking before the lease ends": "열린 시간이 끝나기 전에 노크",
  "knocking from another address": "다른 주소에서 노크",
  "knocking after a failure": "실패해서 다시 노크",
  "{n} knocks": "노크 {1}번",
  "{}: kept open from {}: {}, next in {}": "{1}: {2} 주소에 계속 열어 두는 중. {3}, 다음은 {4} 뒤",
  "knock: warning: {}; again in {}": "{1}. {2} 뒤에 다시 노크합니다",
  "{n} from another address": "다른 주소에서 {1}번",
  "{n} failed": "실패 {1}번",
  '--keep: "{}" is not a length of time of a second or more':
    '--keep: "{1}"은(는) 1초 이상의 시간이 아닙니다',
  "as long as the server keeps the door open: 30s, 10m, 1h":
    "서버가 문을 열어 두는 시간을 쓰십시오: 30s, 10m, 1h",
  "behind a VPN or a second router: 'Address any' opens for the address that the server sees":
    "VPN이나 두 번째 공유기 뒤에 있을 때: 'Address any'를 쓰면 서버가 보는 주소에 열립니다",
  "the packet asks for another address than the server sees: Address is {}":
    "서버가 보는 주소와 다른 주소를 열어 달라고 합니다: Address {1}",
  "a firewall or network on the way may drop UDP port {}":
    "중간의 방화벽이나 네트워크가 UDP 포트 {1} 패킷을 막을 수 있습니다",
  "this clock says {}: a server refuses packets from a clock 2 minutes off, by default":
    "이 기기의 시계는 {1}입니다. 서버는 보통 시계가 2분 넘게 다른 패킷을 거부합니다",
  "the key may be removed, disabled or expired, or not allowed to open this door":
    "키를 지웠거나 사용 중지했거나 기한이 지났거나, 이 문을 열 권한이 없을 수 있습니다",
  "on the server, knockctl user watch PERSON/DEVICE says which check refuses; --retry 3 knocks again":
    "서버에서 knockctl user watch PERSON/DEVICE를 실행하면 거부한 이유가 나옵니다. --retry 3은 다시 노크합니다",
  "no profiles in {}; --save makes one": "{1} 파일에 프로필이 없습니다. --save로 만듭니다",
  "{}: requested; knock --import takes the answer": "{1}: 요청함. 답은 knock --import에 넣으십시오",
  "# Key {}: --secrets shows it": "# Key {1}: --secrets를 쓰면 보입니다",
  "# Sequence: {}, --secrets shows them": "# Sequence: {1}, --secrets를 쓰면 보입니다",
  "{n} ports": "포트 {1}개",
  "# Payload: --secrets shows it": "# Payload: --secrets를 쓰면 보입니다",
  "connection with {}: {}": "{1}에 연결할 수 없습니다: {2}",
  "The key of {} is in {}. Give the line above to the administrator,":
    "{1} 프로필의 키를 {2} 파일에 저장했습니다. 위의 줄을 관리자에게 주어",
  "for knockctl user add --lock -, and the answer to knock --import.":
    "knockctl user add --lock - 에 넣게 하고, 답은 knock --import에 넣으십시오.",
  "the Key of '{}' is damaged: its checksum is wrong":
    "'{1}' 프로필의 Key가 손상되었습니다. 체크섬이 맞지 않습니다",
  "--force makes a new one": "--force로 새로 만들 수 있습니다",
  "--{} cannot be saved with a profile": "--{1} 옵션은 프로필에 저장할 수 없습니다",
  "give it when you knock": "노크할 때 쓰십시오",
  "saved as '{}' in {}": "'{1}' 프로필을 {2} 파일에 저장했습니다",
  "there is no command {}": "{1}: 명령을 찾을 수 없습니다",
  "cannot run {}: {}": "{1} 명령을 실행할 수 없습니다: {2}",
  "a key or a sesame: line is not an argument": "키나 sesame: 줄은 인수로 쓸 수 없습니다",
  "knock --import reads it from standard input": "knock --import는 표준 입력에서 읽습니다",
  "other users can list arguments, and the shell keeps them: ask for a new key":
    "다른 사용자가 인수를 볼 수 있고 셸에도 기록이 남습니다. 새 키를 요청하십시오",
  "--help explains the options": "--help가 옵션을 설명합니다",
  "no host to knock at": "노크할 호스트가 없습니다",
  "no port to knock at, and no profile '{}' in {}":
    "노크할 포트가 없고, {2} 파일에 '{1}' 프로필도 없습니다",
  "{n} knock": "노크 {1}번",
  "{n} port": "포트 {1}개",
  "{n} knocks in {}": "노크 {1}번, 걸린 시간 {2}",
  "{n} knock in {}": "노크 {1}번, 걸린 시간 {2}",
};
