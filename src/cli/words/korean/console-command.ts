// Korean of what `knockctl console` prints and refuses.
export const consoleCommandKorean: Readonly<Record<string, string>> = {
  "console has no JSON": "console에는 JSON 출력이 없습니다",
  "--socket-file goes without --listen": "--socket-file은 --listen과 함께 쓸 수 없습니다",
  "--listen 127.0.0.1:7482 or --listen [::1]:7482; ssh -L reaches it from elsewhere":
    "--listen 127.0.0.1:7482 또는 --listen [::1]:7482. 다른 곳에서는 ssh -L로 접속합니다",
  '--listen: "{}" is not a port of 127.0.0.1 or [::1]':
    '--listen: "{1}"은(는) 127.0.0.1이나 [::1]의 포트가 아닙니다',
  "Open in a browser:\n\n    http://{}:{}/#{}": "브라우저에서 여십시오:\n\n    http://{1}:{2}/#{3}",
  "On your computer, in another terminal:\n\n    ssh -N -o ExitOnForwardFailure=yes {}-L {}:{} {}\n\nThen open there, in a browser:\n\n    {}":
    "여러분의 컴퓨터에서, 다른 터미널을 열고:\n\n    ssh -N -o ExitOnForwardFailure=yes {1}-L {2}:{3} {4}\n\n그다음 그 컴퓨터의 브라우저에서 여십시오:\n\n    {5}",
  "A browser has opened the console. Enter prints another address.":
    "브라우저가 콘솔을 열었습니다. Enter를 누르면 새 주소가 나옵니다.",
  "It works once. Ctrl-C ends the console.":
    "한 번만 쓸 수 있는 주소입니다. Ctrl-C를 누르면 콘솔이 끝납니다.",
  "The console ends: no page was open for an hour.":
    "한 시간 동안 열린 페이지가 없어서 콘솔을 끝냅니다.",
  "{} port {}": "{1} 포트 {2}",
  "cannot listen on {}: {}": "{1}에서 연결을 받을 수 없습니다: {2}",
};
