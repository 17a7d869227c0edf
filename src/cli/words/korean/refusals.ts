// Korean of why a knock by key is refused.
export const refusalsKorean: Readonly<Record<string, string>> = {
  "{}:{} knock of {} refused ({}): {}": "{1}:{2} {3} 기기의 노크를 거부했습니다({4}): {5}",
  "its content breaks the format": "내용이 형식에 맞지 않습니다",
  "its clock is {} behind this one": "기기의 시계가 이 서버보다 {1} 느립니다",
  "its clock is {} ahead of this one": "기기의 시계가 이 서버보다 {1} 빠릅니다",
  "it was accepted before": "이미 받아들인 패킷입니다",
  "its time was used before": "그 시각의 노크를 이미 받았습니다",
  "it is from before the knock journal was lost, and what was accepted then is unknown":
    "노크 저널을 잃기 전의 패킷이라 이미 받아들였는지 알 수 없습니다",
  "there are too many packets to check their signatures":
    "패킷이 너무 많아 서명을 확인할 수 없습니다",
  "the private key is not the one of this lock": "비밀 키가 이 자물쇠의 것이 아닙니다",
  "a copy of an accepted packet came from another source: it may have been intercepted":
    "받아들인 패킷의 사본이 다른 주소에서 왔습니다. 도중에 가로챘을 수 있습니다",
  "it is a copy of an accepted packet": "받아들인 패킷의 사본입니다",
  "other packets have used up the tries of its key": "다른 패킷이 이 키의 시도 횟수를 다 썼습니다",
  "too many packets bear its hint": "같은 식별값이 붙은 패킷이 너무 많습니다",
  "it bears a hint of this device, and is damaged or not sealed with its key":
    "이 기기의 식별값이 붙어 있지만 손상되었거나 이 기기의 키로 봉하지 않았습니다",
  "the device is disabled, or this key removed": "기기가 사용 중지되었거나 이 키를 지웠습니다",
  "the device has expired": "기기의 기한이 지났습니다",
  "the device may not send from this source": "기기가 이 주소에서 보낼 수 없습니다",
  "it has no HMAC, or another than that of fwknop_hmac_key and fwknop_hmac":
    "HMAC이 없거나 fwknop_hmac_key 및 fwknop_hmac과 다릅니다",
  "it is not encrypted by AES-256 in mode CBC with this key":
    "이 키로 AES-256 CBC 방식으로 암호화하지 않았습니다",
  "its message has another format, or a digest other than SHA-256, SHA-384 or SHA-512":
    "메시지 형식이 다르거나 다이제스트가 SHA-256, SHA-384, SHA-512가 아닙니다",
  "it asks for a command or for NAT, and not for access": "접속이 아니라 명령이나 NAT를 요청합니다",
  "it names another user than fwknop_user": "fwknop_user가 아닌 다른 사용자의 이름입니다",
  "too many packets of this key have been accepted lately":
    "이 키의 패킷을 최근에 너무 많이 받아들였습니다",
  "its time could not be recorded": "시각을 기록할 수 없었습니다",
  "another gateway of the fleet has accepted it": "다른 게이트웨이가 이미 받아들였습니다",
  "the store of the fleet does not answer, and OnFleetLoss is refuse":
    "저장소가 응답하지 않고 OnFleetLoss가 refuse입니다",
  "it is not valid": "유효하지 않습니다",
  "{w} is disabled": "{1}: 사용 중지됨",
  "{} may not knock from {}": "{1} 기기는 {2} 주소에서 노크할 수 없습니다",
  "the packet names no address": "패킷에 주소가 없습니다",
  "the packet is from {} and names {}": "{1} 주소에서 온 패킷이 {2} 주소를 열어 달라고 합니다",
  "keys open no such door": "키로 여는 그런 문이 없습니다",
  "{} is not among the users of this door": "{1} 기기는 이 문의 사용자가 아닙니다",
  "this door does not open for {}": "이 문은 {1} 주소에 열리지 않습니다",
};
