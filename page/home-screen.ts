// The page on the home screen. For keys, whose secret is not in the address, the browser can install it, and it
// starts without a network.

/**
 * Offers a shortcut to the address as it is. For an installed app, Chrome on Android has a package made by a
 * server of Google's, which would learn the address, and with it the secret.
 */
export function offerShortcut(): void {
  putManifest({ name: "Knock", display: "browser" });
}

/** Lets the browser install the page under its address without a fragment. */
export function allowInstallation(name: string): void {
  const start = location.origin + location.pathname;
  if (!window.isSecureContext || !location.protocol.startsWith("http")) return;
  putManifest({
    ...{ name, id: start, start_url: start, scope: start, display: "standalone" },
    ...{ theme_color: "#0b5d4e", background_color: "#f6f4ef" },
  });
  // Where no sw.js lies beside the page, all else works.
  navigator.serviceWorker
    ?.register("sw.js", { scope: location.pathname, updateViaCache: "none" })
    .catch(() => {});
}

function putManifest(members: Readonly<Record<string, string>>): void {
  const find = (rel: string) => document.querySelector<HTMLLinkElement>(`link[rel="${rel}"]`);
  const [link, icon] = [find("manifest"), find("apple-touch-icon")];
  if (link === null || icon === null) return;
  const icons = [{ src: icon.href, sizes: "180x180", type: "image/png" }];
  const json = JSON.stringify({ ...members, icons });
  link.href = `data:application/manifest+json,${encodeURIComponent(json)}`;
}
