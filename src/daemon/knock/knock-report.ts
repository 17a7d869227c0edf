import type { Carrier } from "../../auth/judgement.ts";
import type { Address } from "../../base/address.ts";
import { humanDuration } from "../../base/duration.ts";
import type { Entry } from "../../base/log.ts";
import type { KeyId } from "../../knock/keys.ts";

/** A packet of a known key. */
export interface ReportedKnock {
  readonly source: Address;
  readonly carrier: Carrier;
  readonly who: string;
  readonly key: KeyId;
  /** How much the clock of the device is ahead: milliseconds. */
  readonly offset?: number | undefined;
}

/** What it opens, and for how long. */
export interface ReportedGrant {
  readonly door: string;
  readonly address: Address;
  /** Seconds that the packet asks for; 0: what the door says. */
  readonly asked: number;
  /** Milliseconds. */
  readonly granted: number;
}

/** Returns the entry about a packet that opens a door. */
export function reportAccepted(knock: ReportedKnock, grant: ReportedGrant): Entry {
  const { source, who } = knock;
  const { door, address, asked, granted } = grant;
  const whom = address.equals(source) ? "" : ` for ${address}`;
  const what = `${who}${whom}, for ${humanDuration(granted)}${clockWords(knock.offset)}`;
  const text = `${source}: ${door}: OPEN SESAME: ${what}`;
  const more = { address: address.toString(), asked, granted: Math.round(granted / 1000) };
  const detail = detailOf(knock, "accepted", more);
  return { level: "notice", event: "knock", text, door, source, detail };
}

/** Returns the entry about a packet of a known key that is refused. `why`: more than the check says. */
export function reportRefused(
  knock: ReportedKnock,
  check: string,
  why: string,
  door?: string,
): Entry {
  const { source, who } = knock;
  const at = door === undefined ? "" : ` ${door}:`;
  const text = `${source}:${at} knock of ${who} refused (${check}): ${why}`;
  const detail = detailOf(knock, check);
  return {
    level: "notice",
    ...{ event: "knock", text, source, detail },
    ...(door !== undefined && { door }),
  };
}

function detailOf(
  { who, key, carrier, offset }: ReportedKnock,
  result: string,
  more: NonNullable<Entry["detail"]> = {},
): NonNullable<Entry["detail"]> {
  const seconds = offset === undefined ? {} : { offset: Math.round(offset) / 1000 };
  return { who, key, result, carrier, ...more, ...seconds };
}

/** Returns how wrong the clock of a device is, from a tenth of a second on. */
function clockWords(offset: number | undefined): string {
  const tenths = offset === undefined ? 0 : Math.round(Math.abs(offset) / 100);
  if (offset === undefined || tenths === 0) return "";
  return `, its clock ${(tenths / 10).toFixed(1)} s ${offset < 0 ? "behind" : "ahead"}`;
}

/** Returns why one of the checks before those of rights refuses a packet of a known key, or why it has no hint. */
export function explainRefusal(
  check: string,
  { offset, carrier }: Pick<ReportedKnock, "offset" | "carrier">,
): string {
  switch (check) {
    case "form":
      return "its content breaks the format";
    case "clock":
      return `its clock is ${humanDuration(Math.abs(offset ?? 0))} ${(offset ?? 0) < 0 ? "behind" : "ahead of"} this one`;
    case "replay":
      return carrier === "fwknop" ? "it was accepted before" : "its time was used before";
    case "start":
      return "it is from before the knock journal was lost, and what was accepted then is unknown";
    case "rate":
      return "there are too many packets to check their signatures";
    case "signature":
      return "the private key is not the one of this lock";
    case "repeated-elsewhere":
      return "a copy of an accepted packet came from another source: it may have been intercepted";
    case "repeated":
      return "it is a copy of an accepted packet";
    case "budget":
      return carrier === "fwknop"
        ? "other packets have used up the tries of its key"
        : "too many packets bear its hint";
    case "tag":
      return "it bears a hint of this device, and is damaged or not sealed with its key";
    case "disabled":
      return "the device is disabled, or this key removed";
    case "expired":
      return "the device has expired";
    case "source":
      return "the device may not send from this source";
    case "hmac":
      return "it has no HMAC, or another than that of fwknop_hmac_key and fwknop_hmac";
    case "cipher":
      return "it is not encrypted by AES-256 in mode CBC with this key";
    case "fields":
      return "its message has another format, or a digest other than SHA-256, SHA-384 or SHA-512";
    case "type":
      return "it asks for a command or for NAT, and not for access";
    case "user":
      return "it names another user than fwknop_user";
    case "full":
      return "too many packets of this key have been accepted lately";
    case "journal":
      return "its time could not be recorded";
    case "claimed":
      return "another gateway of the fleet has accepted it";
    case "fleet":
      return "the store of the fleet does not answer, and OnFleetLoss is refuse";
    default:
      return "it is not valid";
  }
}
