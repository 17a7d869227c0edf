// A browser sends a packet as the user name of a STUN request (RFC 8489), which it makes for an ICE check.

const bindingRequest = 0x0001;
const magicCookie = 0x2112a442;
const headerLength = 20;
const mostAttributes = 4;
const userName = 0x0006;
const colon = 0x3a;

/** How many characters of base64 hold a packet. */
export const carriedLength = 192;

/**
 * Returns where the characters of a packet begin in a STUN request, or undefined if it is not exactly
 * such a request. Does not look at the characters.
 */
export function findCarried(datagram: Uint8Array): number | undefined {
  const { length } = datagram;
  if (length < headerLength || length % 4 !== 0) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, length);
  const isRequest =
    view.getUint16(0) === bindingRequest &&
    view.getUint16(2) === length - headerLength &&
    view.getUint32(4) === magicCookie;
  if (!isRequest) return undefined;
  let at = headerLength;
  for (let count = 0; count < mostAttributes && at + 4 <= length; count++) {
    const type = view.getUint16(at);
    const valueLength = view.getUint16(at + 2);
    const value = at + 4;
    if (value + valueLength > length) return undefined;
    if (type === userName) {
      const isCarrier = valueLength > carriedLength && datagram[value + carriedLength] === colon;
      return isCarrier ? value : undefined;
    }
    at = value + Math.ceil(valueLength / 4) * 4;
  }
  return undefined;
}
