// What the page says of doors by key.

export const keyEnglish = {
  keyPress: "Open",
  keyLonger: "Open again",
  keySending: "Sending…",
  keyOpen: "It is open.",
  keySent: "Sent.",
  keyClosed: "Still closed.",
  keyNothing: "Nothing was sent.",
  keyAnswers: "Port {port} answers.",
  keyReacts: "Port {port} reacts. Connect now.",
  keyBlind: "A browser cannot look at port {port}. Connect now.",
  keyNoPort: "Connect now.",
  keySilent:
    "Port {port} is silent. Try again. If that does not help: is the clock of this device right, is the key still valid, does this network let UDP through?",
  keyNothingWhy:
    "Is this device connected to a network? An extension or a VPN may also forbid WebRTC, by which this page sends.",
  keyNoWebrtc: "This browser has no WebRTC, by which this page sends. Use another browser.",
  keyNoAddress: "The link names no address of the server. Ask for a new one.",
  keySaved: "The key is saved.",
  keySavedWhy: "Delete the link, also from the history, and add this page to the home screen.",
  keyRenewed: "The new key is saved.",
  keyRenewAsk: "Replace the key of “{name}” by the one of this link?",
  keyRenew: "Replace",
  keyKept: "The old key stays.",
  keyKeptWhy: "The key of the link is not saved.",
  keyLeft: "{time} left",
  keyDoors: "Doors",
  keyAdd: "Add",
  keyRename: "Rename",
  keyForget: "Forget",
  keyForgetAsk: "Forget “{name}”? This browser then cannot open it without a new link.",
  keyId: "Key {key}",
  keyInsecure:
    "This page cannot keep a key: it came over http. Open the link where the page comes over https, or as a file.",
  keyOld: "This browser cannot use the key. Use Chrome 137, Firefox 129, Safari 17 or a later one.",
  keyUnkept: "This browser keeps nothing, as in a private window. Open the link in another window.",
  keyAboutSend:
    "It sends one packet that only the holder of the key can make. The server opens the door for this device's address, and answers nothing. A listener cannot use the packet again.",
  keyAboutKey:
    "The key is in this browser, where the page can use it, but not read it. It was in the link, which is no longer needed: delete it, what it came in, and its entry in the history of this browser. A link that is pasted here by Add leaves none.",
  keyAboutLost:
    "Some browsers delete what pages keep, such as Safari after a week without a visit, except on the home screen. Then ask for a new link. On an iPhone, the page on the home screen has its own keys: paste the link there, by Add.",
};

export const keyKorean: Readonly<Record<keyof typeof keyEnglish, string>> = {
  keyPress: "열기",
  keyLonger: "다시 열기",
  keySending: "보내는 중…",
  keyOpen: "열렸습니다.",
  keySent: "보냈습니다.",
  keyClosed: "아직 닫혀 있습니다.",
  keyNothing: "아무것도 보내지 못했습니다.",
  keyAnswers: "{port}번 포트가 응답합니다.",
  keyReacts: "{port}번 포트가 반응합니다. 지금 접속하세요.",
  keyBlind: "브라우저로는 {port}번 포트를 확인할 수 없습니다. 지금 접속하세요.",
  keyNoPort: "지금 접속하세요.",
  keySilent:
    "{port}번 포트가 응답하지 않습니다. 다시 시도하세요. 그래도 안 되면 이 기기의 시계가 맞는지, 키가 아직 유효한지, 이 네트워크가 UDP를 막지 않는지 확인하세요.",
  keyNothingWhy:
    "네트워크에 연결되어 있나요? 확장 프로그램이나 VPN이 이 페이지가 쓰는 WebRTC를 막을 수도 있습니다.",
  keyNoWebrtc: "이 브라우저에는 이 페이지가 쓰는 WebRTC가 없습니다. 다른 브라우저를 사용하세요.",
  keyNoAddress: "링크에 서버의 주소가 없습니다. 새 링크를 요청하세요.",
  keySaved: "키를 저장했습니다.",
  keySavedWhy: "링크는 방문 기록에서도 삭제하고, 이 페이지를 홈 화면에 추가하세요.",
  keyRenewed: "새 키를 저장했습니다.",
  keyRenewAsk: "‘{name}’의 키를 이 링크의 키로 바꿀까요?",
  keyRenew: "바꾸기",
  keyKept: "이전 키를 그대로 둡니다.",
  keyKeptWhy: "링크의 키는 저장하지 않았습니다.",
  keyLeft: "{time} 남음",
  keyDoors: "문",
  keyAdd: "추가",
  keyRename: "이름 바꾸기",
  keyForget: "지우기",
  keyForgetAsk: "‘{name}’을(를) 지울까요? 그러면 새 링크 없이는 이 브라우저로 열 수 없습니다.",
  keyId: "키 {key}",
  keyInsecure:
    "http로 연 페이지는 키를 보관할 수 없습니다. https로 연 페이지나 파일에서 링크를 여세요.",
  keyOld:
    "이 브라우저는 키를 사용할 수 없습니다. Chrome 137, Firefox 129, Safari 17 이상을 사용하세요.",
  keyUnkept:
    "개인 정보 보호 창처럼 이 브라우저는 아무것도 보관하지 않습니다. 다른 창에서 링크를 여세요.",
  keyAboutSend:
    "키를 가진 기기만 만들 수 있는 패킷 하나를 보냅니다. 서버는 아무 대답 없이 이 기기의 주소에만 문을 엽니다. 엿들은 사람은 그 패킷을 다시 쓸 수 없습니다.",
  keyAboutKey:
    "키는 이 브라우저에 있습니다. 이 페이지는 키를 쓸 수 있지만 읽을 수는 없습니다. 키가 들어 있던 링크는 더 필요 없으니, 링크와 링크를 받은 메시지, 이 브라우저의 방문 기록에 남은 링크를 삭제하세요. ‘추가’를 눌러 붙여넣은 링크는 방문 기록에 남지 않습니다.",
  keyAboutLost:
    "어떤 브라우저는 페이지가 보관한 것을 지웁니다. 예를 들어 Safari는 홈 화면에 추가하지 않으면 일주일 동안 열지 않았을 때 지웁니다. 그러면 새 링크를 요청하세요. 아이폰에서는 홈 화면의 페이지가 키를 따로 보관하므로, 그곳에서 ‘추가’를 눌러 링크를 붙여넣으세요.",
};
