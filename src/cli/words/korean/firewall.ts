// Korean of other firewalls, and what lets packets pass them.
export const firewallKorean: Readonly<Record<string, string>> = {
  "sources that have not knocked stay out all the same: knockd protects {}":
    "그래도 노크하지 않은 주소는 막힙니다. knockd가 {1} 서비스를 보호합니다",
  "unless knockd protects {}, all sources reach it then: sudo knockctl guard {}":
    "knockd가 {1} 서비스를 보호하지 않으면 그때는 누구나 접속할 수 있습니다: sudo knockctl guard {2}",
  "chain {} of nftables table {} {}": "nftables {2} {3} 테이블의 {1} 체인",
  "chain {} of {}": "{2}의 {1} 체인",
  "chain {} of {}, table {}": "{2} {3} 테이블의 {1} 체인",
  "accept it in /etc/ufw/before.rules and before6.rules, then: sudo ufw reload":
    "/etc/ufw/before.rules와 before6.rules에서 허용하고, 그다음: sudo ufw reload",
  "delete the rule that denies it (sudo ufw status numbered), then: sudo {}":
    "막는 규칙을 지우고(sudo ufw status numbered), 그다음: sudo {1}",
  "let a policy of firewalld forward {} to {} (firewalld.policies(5))":
    "firewalld 정책으로 {1} 패킷을 {2}(으)로 전달하십시오(firewalld.policies(5))",
  "the log says why: journalctl -u knockd": "이유는 로그에 있습니다: journalctl -u knockd",
  "/etc/default/knockd may forbid it: START_KNOCKD=1":
    "/etc/default/knockd가 막고 있을 수 있습니다: START_KNOCKD=1",
  "knockd was started, but does not answer at {}": "knockd를 시작했지만 {1}에서 응답하지 않습니다",
  "the log may say more: journalctl -u knockd": "로그에 더 있을 수 있습니다: journalctl -u knockd",
  "cannot {w} knockd: {}": "knockd {1} 실패: {2}",
  "{} blocks {}, for all sources but those that its rules name":
    "{1}: {2} 서비스를 막습니다(규칙에 적힌 주소만 예외)",
  "{} blocks {}, also for sources that have knocked":
    "{1}: 노크한 주소도 {2} 서비스에 접속하지 못하게 막습니다",
  "{} blocks {} over IPv{}, for all sources but those that its rules name":
    "{1}: {2} 서비스를 IPv{3}에서 막습니다(규칙에 적힌 주소만 예외)",
  "{} blocks {} over IPv{}, also for sources that have knocked":
    "{1}: 노크한 주소도 IPv{3}로 {2} 서비스에 접속하지 못하게 막습니다",
  "{} block {}, for all sources but those that its rules name":
    "{1}: {2} 서비스를 막습니다(규칙에 적힌 주소만 예외)",
  "{} block {}, also for sources that have knocked":
    "{1}: 노크한 주소도 {2} 서비스에 접속하지 못하게 막습니다",
  "{} block {} over IPv{}, for all sources but those that its rules name":
    "{1}: {2} 서비스를 IPv{3}에서 막습니다(규칙에 적힌 주소만 예외)",
  "{} block {} over IPv{}, also for sources that have knocked":
    "{1}: 노크한 주소도 IPv{3}로 {2} 서비스에 접속하지 못하게 막습니다",
};
