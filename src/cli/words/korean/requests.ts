// Korean of what requests about doors and devices are refused for.
export const requestsKorean: Readonly<Record<string, string>> = {
  "too many to guess": "추측하기에는 너무 많습니다",
  "guessed in {} days at {} knocks a second": "초당 {2}번 노크하면 {1}일 만에 추측할 수 있습니다",
  "{} random ports: {}; 1 of {} random-order scans opens it":
    "무작위 포트 {1}개: {2}. 무작위 순서의 포트 스캔 {3}번에 한 번꼴로 열립니다",
  "--door DOOR is missing: no door has {} among its users":
    "--door DOOR 옵션이 없습니다. {1} 기기를 사용자로 둔 문이 없습니다",
  "knockd does not accept the change: {}": "knockd가 변경을 받아들이지 않습니다: {1}",
  "the files are as before": "파일은 전과 같습니다",
  "knockd may have the new key: run knockctl reload":
    "knockd가 새 키를 이미 읽었을 수 있습니다. knockctl reload를 실행하십시오",
  "knockd has not confirmed the removal: {}": "knockd가 삭제를 확인하지 않았습니다: {1}",
  "{} is changed": "{1} 파일은 바뀌었습니다",
  "run knockctl reload": "knockctl reload를 실행하십시오",
  "{} is changed, but has other errors: {}": "{1} 파일을 바꾸었지만 다른 오류가 있습니다: {2}",
  "knockd takes out what the file no longer has, and leaves the rest as it was":
    "knockd는 파일에서 사라진 것만 빼고 나머지는 그대로 둡니다",
  "correct the file and run knockctl reload": "파일을 고치고 knockctl reload를 실행하십시오",
  "knockd reads its users from {}; only {} is changed":
    "knockd는 사용자를 {1} 파일에서 읽는데 {2} 파일만 바뀌었습니다",
  "run knockctl reload, and check with knockctl leases":
    "knockctl reload를 실행하고 knockctl leases로 확인하십시오",
  "{} has been changed by another program meanwhile":
    "그 사이에 다른 프로그램이 {1} 파일을 바꾸었습니다",
  "run knockctl user again": "knockctl user를 다시 실행하십시오",
  "{} has a key already": "{1} 기기에는 키가 이미 있습니다",
  "{} addresses are too many": "주소 {1}개는 너무 많습니다",
  "--address: 4 at most": "--address: 네 개까지",
  "a page that came over http cannot keep a key": "http로 연 페이지는 키를 보관할 수 없습니다",
  "use https, or a file: URL": "https나 file: 주소를 쓰십시오",
  "cannot resolve {}: {}": "{1}: 이름을 찾을 수 없습니다: {2}",
  "{} has no address that a phone reaches": "{1}: 휴대폰에서 갈 수 있는 주소가 없습니다",
  "here the name leads to this host itself, as by /etc/hosts":
    "/etc/hosts 때문인지, 여기서는 이 이름이 이 서버 자신을 가리킵니다",
  "the line for the device cannot hold this {}": "기기에 줄 줄에 담을 수 없습니다: {1}",
  "60 characters at most": "60자까지",
  "it names no device": "기기를 가리키지 않습니다",
  "knockctl user list lists all": "knockctl user list가 모두 보여 줍니다",
  '{} has no "{}"': '{1} 파일에 "{2}"이(가) 없습니다',
  "several doors are named {}": "이름이 같은 문이 여러 개입니다: {1}",
  "knockctl user changes keys": "knockctl user로 키를 바꿉니다",
  "{} has no sequence: keys open it": "{1} 문에는 노크 순서가 없습니다. 키로만 열립니다",
  "write new ones into {}": "{1} 파일에 새로 쓰십시오",
  "{} has one-time sequences": "{1} 문은 일회용 노크 순서를 씁니다",
  "knock sends SYN packets: tcpflags = syn": "knock은 SYN 패킷을 보냅니다: tcpflags = syn",
  "{} wants other packets than knock sends": "{1} 문은 knock이 보내는 패킷을 받지 않습니다",
  "run knockctl rotate again": "knockctl rotate를 다시 실행하십시오",
  '"{}" is not open for {}': '"{1}" 문은 {2} 주소에 열려 있지 않습니다',
  '"{}" for {} can still be closed': '{2} 주소에 열린 "{1}" 문은 아직 닫을 수 있습니다',
  "leave --forget out": "--forget을 빼십시오",
  "knockctl doors lists them": "knockctl doors가 모두 보여 줍니다",
  "the whole address of the page: https://www.example.org/knock.html":
    "페이지의 전체 주소: https://www.example.org/knock.html",
  '"{}" is not the address of a page': '"{1}": 페이지 주소가 아닙니다',
  "{} has no address that a phone reache": "{1}: 휴대폰에서 갈 수 있는 주소가 없습니다",
  "{} wants other packets than knock send": "{1} 문은 knock이 보내는 패킷을 받지 않습니다",
  "a page takes its key from the link": "페이지는 링크에서 키를 받습니다",
  "--host NAME is missing": "--host NAME 옵션이 없습니다",
  "--address goes with --link": "--address는 --link와 함께 씁니다",
  "--link goes without --lock": "--link는 --lock과 함께 쓸 수 없습니다",
  '--address: "{}" is not an address': '--address: "{1}"은(는) 주소가 아닙니다',
  "--address A,B names the addresses of this server": "--address A,B로 이 서버의 주소를 쓰십시오",
};
