import { fwknopDigests } from "../knock/fwknop-lock.ts";
import { directive } from "./directive.ts";
import * as kinds from "./kinds.ts";

/** The directives of a device, except its keys. */
export const deviceDirectives = {
  groups: directive("Groups", kinds.groups, {
    summary: "groups of the device",
    example: "admins",
    default: [],
    absent: "none",
  }),
  /** The end of that day. `undefined` means never. */
  expires: directive("Expires", kinds.lastDay, {
    summary: "last day, in UTC, on which the device opens doors; no lease outlasts it",
    example: "2027-03-31",
    absent: "never",
  }),
  /** `undefined` means all sources. */
  allow: directive("Allow", kinds.networks, {
    summary: "sources of the device's packets",
    example: "192.0.2.0/24",
    absent: "all",
  }),
  requireAddress: directive("Require_Address", kinds.yesOrNo, {
    summary: "whether packets must name the address that they open for",
    default: false,
  }),
  elsewhere: directive("Elsewhere", kinds.networks, {
    summary: "addresses, beside its own, for which the device may open",
    example: "203.0.113.0/28",
    default: [],
    absent: "none",
  }),
  disabled: directive("Disabled", kinds.yesOrNo, {
    summary: "whether knockd refuses the device",
    default: false,
  }),
  fwknopHmac: directive("Fwknop_HMAC", kinds.oneOf(...fwknopDigests), {
    summary: "digest of the HMAC in the packets of a fwknop client",
    default: "sha256",
  }),
  /** `undefined` means any. */
  fwknopUser: directive("Fwknop_User", kinds.fwknopUser, {
    summary: "name of the user in the packets of a fwknop client",
    example: "bob",
    absent: "any",
  }),
} as const;
