// A page cannot send a datagram. But the browser sends a STUN request to each address that the other end of
// a WebRTC connection names, and the request begins with a name that the other end chooses: the packet.

/** Milliseconds for which the browser repeats the request: a lost datagram costs nothing. */
const sending = 3000;

/** Whether a datagram left; `unknown` if the browser does not say. */
type Departure = "sent" | "nothing" | "unknown";

/** Lets the browser send a packet to an address. Throws if it has no WebRTC. */
export async function carry(packet: Uint8Array, address: string, port: number): Promise<Departure> {
  const connection = new RTCPeerConnection({ iceServers: [] });
  connection.createDataChannel("");
  await connection.setLocalDescription(await connection.createOffer());
  await connection.setRemoteDescription({ type: "answer", sdp: answer(packet, address, port) });
  const halfway = new Promise((resolve) => setTimeout(resolve, sending / 2));
  setTimeout(() => connection.close(), sending);
  await halfway;
  return await departure(connection);
}

/** The end of a connection at an address, which nothing there answers for. */
function answer(packet: Uint8Array, address: string, port: number): string {
  const fingerprint = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, "0").toUpperCase(),
  );
  return [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "a=ice-lite",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=ice-ufrag:${btoa(String.fromCharCode(...packet))}`,
    `a=ice-pwd:${"p".repeat(24)}`,
    `a=fingerprint:sha-256 ${fingerprint.join(":")}`,
    "a=setup:passive",
    "a=sctp-port:5000",
    `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host`,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

async function departure(connection: RTCPeerConnection): Promise<Departure> {
  const reports: unknown[] = [];
  for (const report of (await connection.getStats()).values()) reports.push(report);
  const pairs = reports.filter(
    (one): one is { readonly requestsSent?: number } => (one as RTCStats).type === "candidate-pair",
  );
  if (pairs.some(({ requestsSent = 0 }) => requestsSent > 0)) return "sent";
  return pairs.some(({ requestsSent }) => requestsSent === undefined) ? "unknown" : "nothing";
}
