import { clientKorean } from "./korean/client.ts";
import { errnoKorean } from "./korean/errno.ts";
import { profilesKorean } from "./korean/profiles.ts";
import type { Localizer } from "./localize.ts";
import { localizer } from "./localize.ts";

/** Texts of `knock`, which loads this only where it says something that knockd's client does not. */
export const localizeKnock: Localizer = localizer(clientKorean, profilesKorean, errnoKorean);
