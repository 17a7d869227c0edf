// Korean of the errors of users files and fleet files.
export const usersKorean: Readonly<Record<string, string>> = {
  "another section has this name": "이름이 같은 섹션이 또 있습니다",
  "there are more than {} keys": "키가 {1}개를 넘습니다",
  "the name of a section is not PERSON/DEVICE": "섹션 이름이 PERSON/DEVICE 형식이 아닙니다",
  "1 to 32 of a-z, 0-9, '.', '_' and '-' each: [alice/laptop]":
    "각각 a-z, 0-9, '.', '_', '-' 1~32자: [alice/laptop]",
  "the device has no key": "기기에 키가 없습니다",
  "a device has {} keys at most": "기기의 키는 {1}개까지입니다",
  "knockctl user remove NAME --key ID removes one":
    "knockctl user remove NAME --key ID로 하나를 지우십시오",
  'unknown directive "{}"': '알 수 없는 지시어 "{1}"',
  "unknown directive": "알 수 없는 지시어",
  "directives are {}": "쓸 수 있는 지시어: {1}",
  "{} stands twice in this section": "이 섹션에 {1} 지시어가 두 번 있습니다",
  "{w} needs a value": "{1} 지시어에 값이 필요합니다",
  "{w} is not a key": "{1}: 키가 아닙니다",
  "this is the device's half of a key, which must not be here":
    "기기에만 있어야 할 키의 반쪽입니다. 여기에 두면 안 됩니다",
  "make a new key: who read this file has it; knockctl user add NAME":
    "새 키를 만드십시오(knockctl user add NAME). 이 파일을 읽은 사람은 그 키를 가진 것입니다",
  "knockctl user add NAME writes it": "knockctl user add NAME 명령이 씁니다",
  "the key is not lock1: and 91 characters of a-z, A-Z, 0-9, - and _":
    "키는 lock1: 뒤에 a-z, A-Z, 0-9, -, _ 91자입니다",
  "the key has a wrong checksum: a character is wrong":
    "키의 체크섬이 맞지 않습니다. 틀린 글자가 있습니다",
  "the public key in this key is not canonical": "키에 든 공개 키가 정규형이 아닙니다",
  "the public key in this key is not a point of the curve":
    "키에 든 공개 키가 곡선 위의 점이 아닙니다",
  "the public key in this key has a small order: any sender could sign":
    "키에 든 공개 키의 위수가 작습니다. 누구나 서명할 수 있게 됩니다",
  "another section": "다른 섹션에도 있습니다",
  "twice in this section": "이 섹션에 두 번 있습니다",
  "also in {}": "{1}에도 있습니다",
  "this key, or half of it, is {}": "같은 키 또는 그 절반이 {1}",
  "a key for each device": "기기마다 키를 따로 쓰십시오",
  "one device a key": "기기마다 키 하나",
  "the device has no {}": "기기에 {1} 지시어가 없습니다",
  "a device has key or {}": "기기에는 key나 {1} 중 하나만 씁니다",
  "make two devices of it": "기기 두 개로 나누십시오",
  "{} is not 1 to {} bytes in base64": "{1}: base64로 쓴 1~{2}바이트가 아닙니다",
  "{w} stands twice": "{1} 지시어가 두 번 있습니다",
  "{w} needs {w}, too": "{1} 지시어에는 {2} 지시어도 필요합니다",
  "knockctl fleet key makes the file": "knockctl fleet key가 파일을 만듭니다",
  "there is no key": "키가 없습니다",
  "key is not {} bytes in base64": "키가 base64로 쓴 {1}바이트가 아닙니다",
  "openssl rand -base64 32 makes one": "openssl rand -base64 32로 만들 수 있습니다",
  "this key stands twice": "같은 키가 두 번 있습니다",
  "the first seals, the second opens, too": "첫 번째 키로 봉하고, 두 번째 키로도 엽니다",
  "needs a value": "값이 필요합니다",
  "{} is longer than {} characters": "{1} 값이 {2}자보다 깁니다",
  "{} is not an absolute path": "{1} 값이 절대 경로가 아닙니다",
  "directives are key, {}": "쓸 수 있는 지시어: key, {1}",
  "users file": "사용자 파일",
  "knockctl user add writes it": "knockctl user add 명령이 씁니다",
};
