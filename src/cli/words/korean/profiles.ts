// Korean of what readers of profiles and operands of `knock` refuse.
export const profilesKorean: Readonly<Record<string, string>> = {
  "did you mean {}?": "혹시 {1}?",
  "unknown keyword '{}'": "알 수 없는 키워드 '{1}'",
  "a name is missing": "이름이 없습니다",
  "import the sesame: line again, or ask for a new one":
    "sesame: 줄을 다시 가져오거나 새 줄을 요청하십시오",
  "a sequence needs at least one port": "노크 순서에는 포트가 하나 이상 있어야 합니다",
  "expected a UDP port, a number from 1 to 65535": "1부터 65535까지의 UDP 포트를 써야 합니다",
  "a door is missing": "문이 없습니다",
  "expected {}": "쓸 수 있는 값: {1}",
  "'{}' is not an address": "'{1}': 잘못된 주소입니다",
  "expected key1: and 91 letters, digits, - or _, as knock --import writes it":
    "knock --import가 쓴 대로, key1: 뒤에 영문자, 숫자, -, _ 91자를 써야 합니다",
  "'{}' is not a time from 1 s to 194 days: 30m, 8h":
    "'{1}': 1초부터 194일까지의 시간이 아닙니다. 예: 30m, 8h",
  "expected auto, any or an address": "auto, any 또는 주소를 써야 합니다",
  "'{}' is not a number from 0 to 100": "'{1}': 0부터 100까지의 숫자가 아닙니다",
  "a value is missing": "값이 없습니다",
  "one value is expected, '{}' is too many": "값을 하나만 써야 합니다. '{1}'이(가) 더 있습니다",
  "expected yes or no": "yes나 no를 써야 합니다",
  "a payload of {} bytes does not fit into a datagram: at most {}":
    "{1}바이트 페이로드는 데이터그램에 들어가지 않습니다. 최대 {2}바이트",
  "payload '{}': expected two digits a byte, such as hex:00ff":
    "페이로드 '{1}': hex:00ff처럼 바이트마다 두 자리 16진수로 써야 합니다",
  "cannot read the payload {}: {}": "페이로드 파일 {1}을(를) 읽을 수 없습니다: {2}",
  "the host is empty": "호스트가 비어 있습니다",
  "'{}' is not an IPv{} address, which -{} asks for":
    "'{1}': -{3} 옵션에 필요한 IPv{2} 주소가 아닙니다",
  "'{}' is a host with a port": "'{1}': 호스트와 포트가 붙어 있습니다",
  "'{}' is a host with a user": "'{1}': 호스트와 사용자 이름이 붙어 있습니다",
  "the host stands alone, then the ports: knock {} {}":
    "호스트와 포트를 나누어 쓰십시오: knock {1} {2}",
  "delay '{}': expected milliseconds, a number of at most nine digits":
    "지연 시간 '{1}': 밀리초를 아홉 자리까지의 숫자로 써야 합니다",
  "port '{}' names an unknown protocol": "포트 '{1}': 알 수 없는 프로토콜",
  "port '{}' is neither a number from 1 to 65535 nor a known service":
    "포트 '{1}': 1부터 65535까지의 숫자도, 알려진 서비스 이름도 아닙니다",
  "ports are written as 7000, 7000:udp or ssh": "포트는 7000, 7000:udp, ssh처럼 씁니다",
  "'{}' does not stand between two ports": "'{1}': 두 포트 사이에 있지 않습니다",
  "+300 is a pause of 300 ms from one port to the next":
    "+300은 앞뒤 포트 사이를 300ms 쉬라는 뜻입니다",
  "{}:{}: there is a profile '{}'": "{1}:{2}: '{3}' 프로필이 이미 있습니다",
  "--force replaces it": "--force로 바꿀 수 있습니다",
  "{}:{}: '{}' shares its Host line, or has several: edit the file":
    "{1}:{2}: '{3}' 프로필은 Host 줄을 다른 것과 함께 쓰거나 여러 개입니다. 파일을 직접 고치십시오",
  "{}: '{}' would be overridden by lines further up":
    "{1}: 앞쪽의 설정이 '{2}' 프로필보다 먼저 적용됩니다",
  "look for {} before the first Host, or under a pattern":
    "첫 Host 줄 앞이나 패턴 아래에서 {1} 설정을 찾으십시오",
  "a word without * ? ! # , = and quotes": "* ? ! # , = 문자와 따옴표가 없는 한 낱말",
  "{}: it is not UTF-8, and would not stay as it is":
    "{1}: UTF-8이 아니어서 그대로 유지할 수 없습니다",
  "{} exists: another program is saving": "{1} 파일이 있습니다. 다른 프로그램이 저장하고 있습니다",
  "if that program was interrupted, delete the file":
    "그 프로그램이 중단되었다면 이 파일을 지우십시오",
  "{}: it belongs to another user": "{1}: 다른 사용자의 파일입니다",
  "{}: others can write it": "{1}: 다른 사용자가 쓸 수 있습니다",
  "{}: others can read it: chmod 600": "{1}: 다른 사용자가 읽을 수 있습니다: chmod 600",
  "{}: others can read it, and it has a Key": "{1}: Key가 있는데 다른 사용자가 읽을 수 있습니다",
  "the clock looks wrong: it says {}, and {} was written at {}":
    "시계가 이상합니다. 지금이 {1}인데 {2} 파일을 {3}에 썼습니다",
  "cannot read {}: {}": "{1} 파일을 읽을 수 없습니다: {2}",
  "{}: '{}' has no request, and the line has no key":
    "{1}: '{2}' 프로필이 요청한 것이 없고, 이 줄에는 키가 없습니다",
  "knock --import --name NAME completes knock --request NAME":
    "knock --request NAME의 답은 knock --import --name NAME에 넣습니다",
  "there is a profile '{}' of another host, {}": "다른 호스트({2})의 '{1}' 프로필이 있습니다",
  "--force replaces it, --name NAME imports the line beside it":
    "--force로 바꾸거나, --name NAME으로 따로 가져오십시오",
  "the profile '{}' has another key": "'{1}' 프로필의 키가 다릅니다",
  "the profile '{}' has a request, with another key": "'{1}' 프로필이 요청한 키와 다릅니다",
  "the profile '{}' opens {} by port {}": "'{1}' 프로필은 {3} 포트로 {2} 문을 엽니다",
  "--force replaces it: the server must take the new one first":
    "--force로 바꿀 수 있습니다. 먼저 서버가 새 키를 받아들여야 합니다",
  "or choose another name": "또는 다른 이름을 쓰십시오",
  "{}:{}: '{}' has a key": "{1}:{2}: '{3}' 프로필에 키가 있습니다",
  "cannot resolve '{}': {}": "'{1}': 이름을 찾을 수 없습니다: {2}",
  "there is no interface '{}' with an address": "주소가 있는 '{1}' 인터페이스가 없습니다",
  "there are: {}": "있는 것: {1}",
  "the interface '{}' has no address": "'{1}' 인터페이스에는 주소가 없습니다",
  "the interface '{}' has no address from which {} could be reached":
    "'{1}' 인터페이스에는 {2} 주소로 갈 수 있는 주소가 없습니다",
  "'{}' is none from which {} could be reached": "'{1}': {2} 주소로 갈 수 있는 주소가 아닙니다",
  "cannot send to {}": "보낼 수 없습니다: {1}",
  "cannot look up the service '{}' in {}: {}": "{2} 파일에서 '{1}' 서비스를 찾을 수 없습니다: {3}",
  "write the port as a number": "포트를 숫자로 쓰십시오",
  "cannot wait for '{}': whether a UDP port is open cannot be seen":
    "'{1}': 기다릴 수 없습니다. UDP 포트가 열렸는지는 알 수 없습니다",
  "UDP services need not answer; wait for a TCP service":
    "UDP 서비스는 응답하지 않아도 됩니다. TCP 서비스를 기다리십시오",
  "cannot wait for '{}'": "'{1}': 기다릴 수 없습니다",
  "a TCP service, and how long to wait: 22, tcp/22, ssh or 22,10s":
    "TCP 서비스와 기다릴 시간: 22, tcp/22, ssh 또는 22,10s",
  "a quote is not closed": "따옴표가 닫히지 않았습니다",
  "a line end cannot be saved": "줄 바꿈은 저장할 수 없습니다",
  "option '--{}' takes no argument": "'--{1}' 옵션에는 인수를 쓸 수 없습니다",
  "unrecognized option '{}'": "인식할 수 없는 옵션 '{1}'",
  "option '--{}' is ambiguous: it could be {}": "'--{1}' 옵션이 모호합니다. 가능한 것: {2}",
  "option '{}' needs an argument: {}": "'{1}' 옵션에 인수가 필요합니다: {2}",
  "did you mean '--{}'?": "혹시 '--{1}'?",
  "unrecognized option '--{}'": "인식할 수 없는 옵션 '--{1}'",
  "--help lists the options": "--help가 옵션을 보여 줍니다",
};
