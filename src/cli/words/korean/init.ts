// Korean of what `knockctl init` and `knockctl guard` print and refuse.
export const initKorean: Readonly<Record<string, string>> = {
  '"{}" is not sequence, key or both': '"{1}": sequence, key, both 중 하나를 쓰십시오',
  "--{} goes with --by key or --by both": "--{1} 옵션은 --by key 또는 --by both와 함께 씁니다",
  "the key of the device needs a place": "기기의 키를 둘 곳이 필요합니다",
  "--output FILE writes it": "--output FILE로 파일에 씁니다",
  '"{}" is not PERSON/DEVICE': '"{1}": PERSON/DEVICE 형식이 아닙니다',
  "for example alice/laptop": "예: alice/laptop",
  "{} has a key already. In its profile, these doors are missing perhaps:":
    "{1} 기기에는 키가 이미 있습니다. 프로필에 다음 문이 빠져 있을 수 있습니다:",
  "The line opens [{}]. For all doors, write into the profile {} of the device:":
    "이 줄은 [{1}] 문을 엽니다. 모든 문을 열려면 기기의 {2} 프로필에 이렇게 쓰십시오:",
  "{} has the line for {}. On the device: knock --import":
    "{2} 기기에 줄 줄을 {1} 파일에 썼습니다. 기기에서: knock --import",
  "This line is for {}, and shown once; the server keeps only what checks it. On the device: knock --import":
    "{1} 기기에 줄 줄입니다. 한 번만 보여 줍니다. 서버에는 확인에 필요한 것만 남습니다. 기기에서: knock --import",
  "which services should be protected?": "어떤 서비스를 보호할까요?",
  "--service tcp/22: not the default, since nothing listens there":
    "--service tcp/22: 듣는 것이 없어서 기본값으로 쓰지 않습니다",
  "--trial: a trial lasts at most an hour": "--trial: 시험은 한 시간까지 할 수 있습니다",
  '--open-for: "{}" is not a length of time': '--open-for: "{1}"은(는) 시간이 아닙니다',
  "for example 30s or 10m": "예: 30s, 10m",
  "{w} answers": "{1} 응답함",
  "nothing listens on {}": "{1} 듣는 것이 없음",
  "{w} is silent": "{1} 응답 없음",
  "{w} was not tried": "{1} 확인하지 않음",
  "{} before, {} after": "전: {1}, 후: {2}",
  "a knock from a network namespace opened [{}] ({})":
    "네트워크 네임스페이스에서 노크해서 [{1}] 문이 열렸습니다({2})",
  "a knock by key from a network namespace opened [{}] ({})":
    "네트워크 네임스페이스에서 키로 노크해서 [{1}] 문이 열렸습니다({2})",
  "interrupted: nothing was changed": "중단했습니다. 아무것도 바꾸지 않았습니다",
  "then run knockctl init again; --no-proof ignores it":
    "그다음 knockctl init을 다시 실행하십시오. --no-proof는 이것을 무시합니다",
  "--protect-now protects without a trial": "--protect-now는 시험하지 않고 보호합니다",
  "ufw blocks {}, and --json does not wait until it may pass":
    "ufw가 {1} 서비스를 막습니다. --json은 허용할 때까지 기다리지 않습니다",
  "ufw lets {} pass ({})": "ufw가 {1} 서비스를 허용합니다({2})",
  "ufw blocks {} again": "ufw가 {1} 서비스를 다시 막습니다",
  "ufw still lets {} pass: {}": "ufw가 아직 {1} 서비스를 허용합니다: {2}",
  "[{}] opens by the sequences of {}": "[{1}] 문은 {2} 파일의 노크 순서로 열립니다",
  "{} has been changed by another program since the plan was made":
    "계획을 세운 뒤에 다른 프로그램이 {1} 파일을 바꾸었습니다",
  "run knockctl init again": "knockctl init을 다시 실행하십시오",
  "knockctl undo rolls them back": "knockctl undo로 되돌립니다",
  "{}; and the rollback failed: {}": "{1}. 되돌리지도 못했습니다: {2}",
  "all is as before": "모두 전과 같습니다",
  "it did not exist before": "전에는 없던 파일",
  "backup: {}": "백업: {1}",
  "the configuration was written ({})": "설정 파일을 썼습니다({1})",
  "{w} has the key of {}": "{1} 파일에 {2} 기기의 키가 있습니다",
  "knockd was started": "knockd를 시작했습니다",
  "knockd does not accept the configuration: {}": "knockd가 설정을 받아들이지 않습니다: {1}",
  "nothing listens on {} now": "지금 {1} 포트에서 듣는 것이 없습니다",
  "every user of this machine can read {}, and knock: chmod o-r {}":
    "이 서버의 모든 사용자가 {1} 파일을 읽고 노크할 수 있습니다: chmod o-r {2}",
  "[{}] has one-time sequences, of which this would use one up":
    "[{1}] 문은 일회용 노크 순서를 쓰는데, 시험하면 하나를 쓰게 됩니다",
  "[{}] opens by keys alone, and this machine has none of them":
    "[{1}] 문은 키로만 열리는데 이 서버에는 그 키가 없습니다",
  "[{}] does not allow all sources": "[{1}] 문이 모든 주소를 허용하지는 않습니다",
  "knockd listens on {} alone": "knockd가 {1} 인터페이스에서만 받습니다",
  "no port is free to be a KnockPort": "KnockPort로 쓸 빈 포트가 없습니다",
  "not a network: {}": "네트워크가 아닙니다: {1}",
  "this machine has routes to {} already": "이 서버에 이미 {1} 경로가 있습니다",
  "this machine cannot have a network namespace: {}":
    "이 서버에서 네트워크 네임스페이스를 만들 수 없습니다: {1}",
  "unshare ended with {}": "unshare가 {1}(으)로 끝났습니다",
  "cannot join a network namespace: {}": "네트워크 네임스페이스에 들어갈 수 없습니다: {1}",
  "knock failed: {}": "노크 실패: {1}",
  "knockd did not open it": "knockd가 열지 않았습니다",
  "knockd opened it, but the kernel does not know of that":
    "knockd가 열었지만 커널에는 열려 있지 않습니다",
  "the service can be reached without a knock": "노크하지 않아도 접속됩니다",
  "something else drops the service, also after a knock": "노크한 뒤에도 다른 것이 패킷을 막습니다",
  "the service cannot be reached after the knock": "노크한 뒤에도 접속되지 않습니다",
  "knockctl undo rolls this back": "knockctl undo로 되돌립니다",
  "--no-proof skips this test": "--no-proof는 이 시험을 건너뜁니다",
  "do not confirm the trial: it ends by itself within {}s":
    "시험을 확인하지 마십시오. {1}초 안에 저절로 끝납니다",
  "knockctl unprotect ends it now": "knockctl unprotect로 지금 끝냅니다",
  "this machine knocked at [{}] from a network namespace: {}":
    "이 서버가 네트워크 네임스페이스에서 [{1}] 문에 노크했습니다: {2}",
  "this machine knocked at [{}] by key from a network namespace: {}":
    "이 서버가 네트워크 네임스페이스에서 [{1}] 문에 키로 노크했습니다: {2}",
  "knockctl watch shows how knockd handles a knock":
    "knockctl watch는 knockd가 노크를 어떻게 처리하는지 보여 줍니다",
  "does another firewall drop {}? nft list ruleset shows all rules":
    "다른 방화벽이 {1} 패킷을 막습니까? nft list ruleset이 모든 규칙을 보여 줍니다",
  "{} is damaged: it does not say what knockctl init did":
    "{1} 파일이 손상되어 knockctl init이 한 일을 알 수 없습니다",
  "it belongs to another user": "다른 사용자의 파일입니다",
  "cannot make {}: {}": "{1}을(를) 만들 수 없습니다: {2}",
  "{} is gone: the old content of {} is lost":
    "{1} 파일이 없어져서 {2} 파일의 이전 내용을 되살릴 수 없습니다",
  "--config {} is for that one": "--config {1}: 그 knockd의 설정입니다",
  "--socket PATH asks another": "--socket PATH로 다른 knockd에 물어봅니다",
  "the knockd at {} has another configuration: {}": "{1}의 knockd는 다른 설정을 씁니다: {2}",
  "ufw {} failed: {}": "ufw {1} 실패: {2}",
  'unexpected "{}"': '예상하지 않은 "{1}"',
  "--{} makes no sense with --confirm": "--{1} 옵션은 --confirm과 함께 쓸 수 없습니다",
  "not an ssh connection (SSH_CONNECTION is not set)":
    "ssh로 접속한 것이 아닙니다(SSH_CONNECTION이 없습니다)",
  "make a new ssh connection, and confirm there": "ssh로 새로 접속해서 그곳에서 확인하십시오",
  "at the machine itself: --from-console": "이 서버 앞에 앉아 있으면: --from-console",
  "--all makes no sense with --from-console": "--all은 --from-console과 함께 쓸 수 없습니다",
  "not a console: you are connected from {} by ssh":
    "콘솔이 아닙니다. {1} 주소에서 ssh로 접속해 있습니다",
  "make a new ssh connection, and confirm there, without --from-console":
    "ssh로 새로 접속해서 그곳에서 --from-console 없이 확인하십시오",
  "--{} goes with --confirm": "--{1} 옵션은 --confirm과 함께 씁니다",
  "a service is written as tcp/22, udp/51820 or icmp":
    "서비스는 tcp/22, udp/51820, icmp처럼 씁니다",
  '"{}" is not a host': '"{1}": 잘못된 호스트입니다',
  "--host NAME: a name or an address, without a port":
    "--host NAME: 이름이나 주소를 포트 없이 쓰십시오",
  '--{}: "{}" is not from {} to {}': '--{1}: "{2}"은(는) {3}부터 {4}까지의 수가 아닙니다',
  "knockctl: warning: not all refused knocks by key are shown: {}":
    "거부한 키 노크가 모두 보이지는 않습니다: {1}",
  "no device may open [{}]: see knockctl user add":
    "[{1}] 문을 열 수 있는 기기가 없습니다: knockctl user add를 보십시오",
  "keys alone open {}: if yours, the right time or knockd is lost, only a console helps":
    "{1} 서비스는 키로만 열립니다. 키를 잃거나, 시계가 틀리거나, knockd가 멈추면 콘솔로만 들어갈 수 있습니다",
  "door {} opens only while knockd runs: {}": "{1} 문은 knockd가 실행 중일 때만 열립니다: {2}",
  "door {} opens also while knockd does not run: the kernel opens it":
    "{1} 문은 knockd가 실행 중이 아닐 때도 커널이 엽니다",
  "door {} opens also while knockd does not run, once a service is protected":
    "서비스를 하나라도 보호하면 {1} 문은 knockd가 실행 중이 아닐 때도 열립니다",
  "--dry-run shows what it would do": "--dry-run은 무엇을 할지 보여 줍니다",
  "only root can do this": "root만 할 수 있습니다",
  "--json goes with --yes or --dry-run": "--json은 --yes나 --dry-run과 함께 씁니다",
  "--yes --service tcp/22 asks nothing": "--yes --service tcp/22는 아무것도 묻지 않습니다",
  "--dry-run changes nothing": "--dry-run은 아무것도 바꾸지 않습니다",
  "stdin is not a terminal; use --yes or --dry-run":
    "표준 입력이 터미널이 아닙니다. --yes나 --dry-run을 쓰십시오",
  "this machine cannot test the doors: {}": "이 서버에서는 문을 시험할 수 없습니다: {1}",
  "a trial lasts an hour at most": "시험은 한 시간까지 할 수 있습니다",
  "{} may not knock at door {}: see its allow and deny":
    "{1} 주소는 {2} 문에 노크할 수 없습니다. 문의 allow와 deny를 보십시오",
  "is SSH_CONNECTION of an earlier session? --address says where you are":
    "SSH_CONNECTION이 이전 세션의 것입니까? --address로 지금 주소를 알려 주십시오",
  "there is no connection from {}: {}": "{1} 주소에서 온 접속이 없습니다: {2}",
  "the connections of this host cannot be read": "이 서버의 접속 목록을 읽을 수 없습니다",
  "a shared ssh session (ControlMaster) is the old connection: ssh -S none":
    "공유하는 ssh 세션(ControlMaster)은 이전 접속입니다: ssh -S none",
  "the connection from {} was there before the trial":
    "{1} 주소에서 온 접속은 시험하기 전부터 있었습니다",
  "the connection from {} comes from this machine itself, which the protection never denies":
    "{1} 주소의 접속은 이 서버 자신의 것이라 막히지 않습니다",
  "there is no connection from {}": "{1} 주소에서 온 접속이 없습니다",
  "no knock from {} has opened a door since the trial began: {}":
    "시험을 시작한 뒤로 {1} 주소의 노크로 열린 문이 없습니다: {2}",
  "knock on the client, make a new connection to this server, and confirm there":
    "클라이언트에서 노크하고, 이 서버에 새로 접속해서 그곳에서 확인하십시오",
  "the terminal of knockctl guard shows which packets have come":
    "knockctl guard를 실행한 터미널에 어떤 패킷이 왔는지 나옵니다",
  "give a door a line such as: open = tcp/22": "문에 이런 줄을 넣으십시오: open = tcp/22",
  "no door opens a service: there is nothing to guard":
    "서비스를 여는 문이 없어서 보호할 것이 없습니다",
  "{} is protected already": "{1} 서비스는 이미 보호하고 있습니다",
  "make a new connection to this server, and confirm there":
    "이 서버에 새로 접속해서 그곳에서 확인하십시오",
  "the protection was lifted": "보호를 풀었습니다",
  "knockctl guard begins a trial": "knockctl guard가 시험을 시작합니다",
  "nothing is on trial, or its time is over": "시험 중인 것이 없거나 시간이 끝났습니다",
  "; {} is still on trial": ". {1} 서비스는 아직 시험 중입니다",
  "knockd does not accept the restored file, and keeps its configuration":
    "knockd가 되살린 파일을 받아들이지 않고 지금 설정을 유지합니다",
  "a new lock is wrong: {}": "새 자물쇠가 잘못되었습니다: {1}",
};
