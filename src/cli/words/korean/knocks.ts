// Korean of how `knockctl doctor` explains packets.
export const knocksKorean: Readonly<Record<string, string>> = {
  "the knock of {} is right": "{1} 주소의 노크가 맞습니다",
  "the knock of {} comes in on {}, and knockd listens on {}":
    "{1} 주소의 노크가 {2} 인터페이스로 들어오는데 knockd는 {3} 인터페이스에서 받습니다",
  "Interface = {} in [options], then {}": "[options]에 Interface = {1}, 그다음 {2}",
  "{} does not let {} knock: its allow or deny excludes it":
    "{1} 문은 {2} 주소의 노크를 받지 않습니다. allow나 deny에서 빠져 있습니다",
  "change allow or deny of {}, then {}": "{1} 문의 allow나 deny를 고치고, 그다음 {2}",
  "the knock of {} is for another address than this machine's, or than the target of {}":
    "{1} 주소의 노크가 이 서버나 {2} 문의 target이 아닌 다른 주소로 왔습니다",
  "{} is ignored: it touched three decoys within a minute, as a port scan does":
    "{1} 주소를 무시합니다. 포트 스캔처럼 1분 안에 미끼 포트를 세 번 건드렸습니다",
  "{} came from {}, and {} wants {}":
    "{2} 주소에서 {1} 패킷이 왔는데 {3} 문에는 {4}이(가) 필요합니다",
  "{} came from {} with other flags than {} wants: {}":
    "{2} 주소에서 온 {1} 패킷의 플래그가 {3} 문의 tcpflags와 다릅니다: {4}",
  "no packet for {} has come from {}: a cloud's security group or a router in between drops it, or the client does not send it, or to another port":
    "{2} 주소에서 {1} 패킷이 오지 않았습니다. 클라우드의 보안 그룹이나 중간의 라우터가 막거나, 클라이언트가 보내지 않거나 다른 포트로 보냅니다",
  "let {} pass in the provider's firewall, then {}":
    "클라우드나 호스팅 업체의 방화벽에서 {1} 포트를 허용하고, 그다음 {2}",
  "the steps came from {} in the order {}, and {} wants {}":
    "{1} 주소의 패킷이 {2} 순서로 왔는데 {3} 문의 순서는 {4}입니다",
  "a packet for {}, a decoy, came from {} in between: a wrong port, or a scan":
    "{2} 주소에서 노크 도중에 미끼 포트 {1} 패킷이 왔습니다. 포트가 틀렸거나 스캔입니다",
  "a packet for {}, a port of another door, came from {} in between":
    "{2} 주소에서 노크 도중에 다른 문의 포트 {1} 패킷이 왔습니다",
  "all steps came from {}, and yet they did not open {}":
    "{1} 주소에서 모든 패킷이 왔는데도 {2} 문이 열리지 않았습니다",
  "{} came from {} {} after the first step: too late, [{}] allows {}":
    "{2} 주소에서 {1} 패킷이 첫 패킷보다 {3} 늦게 왔습니다. [{4}] 문은 {5}까지만 기다립니다",
  "{}; or seq_timeout = {} in [{}], then {}": "{1}. 또는 [{3}]에 seq_timeout = {2}, 그다음 {4}",
  "on the client: {}": "클라이언트에서: {1}",
  "no packet of a knock{} has come: a cloud's security group or a router in between drops them, the client knocks at another address, or it did not knock":
    "노크 패킷{1}이 오지 않았습니다. 클라우드의 보안 그룹이나 중간의 라우터가 막거나, 클라이언트가 다른 주소로 노크하거나, 노크하지 않았습니다",
  "no packet of a knock{} has come from {}: a cloud's security group or a router in between drops them, the client knocks at another address, or it did not knock":
    "{2} 주소에서 노크 패킷{1}이 오지 않았습니다. 클라우드의 보안 그룹이나 중간의 라우터가 막거나, 클라이언트가 다른 주소로 노크하거나, 노크하지 않았습니다",
  "knock from the client, and try again": "클라이언트에서 노크하고 다시 실행하십시오",
  "on the client: knock -v NAME, with the profile of a device that has a key":
    "클라이언트에서: knock -v NAME(키가 있는 기기의 프로필)",
  "step {} of {}": "{2}단계 중 {1}단계",
  "step {} of {}: complete": "{2}단계 중 {1}단계: 완료",
  "step {} of {} again": "{2}단계 중 {1}단계를 다시 받음",
  "step {} of {}, but not the next one": "{2}단계 중 {1}단계, 차례가 아님",
  "step {} of {}, but too late": "{2}단계 중 {1}단계, 너무 늦음",
  "step {} of {} is {}": "{2}단계 중 {1}단계는 {3}",
  "step {} of {}, but not {}": "{2}단계 중 {1}단계, {3} 플래그가 아님",
  "not from a source that may knock": "노크할 수 없는 주소에서 옴",
  "not for this machine, or the door's target": "이 서버나 문의 target으로 온 것이 아님",
  "on {}, where knockd does not listen": "knockd가 받지 않는 {1}(으)로 들어옴",
  "an interface": "인터페이스",
  "its source is ignored: touched decoys": "무시하는 주소: 미끼 포트를 건드림",
  "sent once more": "한 번 더 보냄",
  "a decoy: the knock has failed": "미끼 포트: 노크 실패",
  "of another door: the knock has failed": "다른 문의 포트: 노크 실패",
  "set the clock of {} by NTP, and check the one here: timedatectl":
    "{1} 기기의 시계를 NTP로 맞추고 이 서버의 시계도 확인하십시오: timedatectl",
  "knock again on {}: each knock is a new packet":
    "{1} 기기에서 다시 노크하십시오. 노크할 때마다 새 패킷을 만듭니다",
  "{}: the first copy of the packet was accepted": "{1}: 패킷의 첫 번째 사본을 받아들였습니다",
  "{}, then knock --import on the device": "{1}, 그다음 기기에서 knock --import",
  'change "{}" of {} in the users file, then {}':
    '사용자 파일에서 {2} 기기의 "{1}"을(를) 고치고, 그다음 {3}',
  'change "allow" of {} in the users file, then {}':
    '사용자 파일에서 {1} 기기의 "allow"를 고치고, 그다음 {2}',
  'on the device: "Address any" in its profile; or change "elsewhere" of {}, then {}':
    '기기의 프로필에 "Address any"를 쓰십시오. 또는 {1} 기기의 "elsewhere"를 고치고, 그다음 {2}',
  "{}: check the users, allow and deny of the door, and Door in the profile of the device":
    "{1}: 문의 users, allow, deny와 기기 프로필의 Door를 확인하십시오",
  "knock again in a minute; {} counts what was refused":
    "1분 뒤에 다시 노크하십시오. 거부한 횟수: {1}",
  "a knock by key of {} came to udp/{}, and KnockPort is {}":
    "{1} 주소의 키 노크가 udp/{2} 포트로 왔는데 KnockPort는 {3}입니다",
  "on the device: KnockPort {} in its profile": "기기의 프로필에 KnockPort {1}",
  "a knock by key of {} comes in on {}, and knockd listens on {}":
    "{1} 주소의 키 노크가 {2} 인터페이스로 들어오는데 knockd는 {3} 인터페이스에서 받습니다",
  "a packet of {} came to udp/{}, and no key that knockd has made it: the device has another key, or a clock more than 26 hours off":
    "{1} 주소에서 udp/{2} 포트로 패킷이 왔는데 knockd가 아는 키로 만든 것이 아닙니다. 기기의 키가 다르거나 시계가 26시간 넘게 틀립니다",
  "{}: compare the keys; {} makes a new one":
    "{1}: 키를 비교하십시오. {2} 명령으로 새 키를 만듭니다",
};
