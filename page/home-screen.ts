// The page on the home screen, also without a network: only for keys, whose secret is not in the address.

/** Lets the browser install the page under its address without a fragment. */
export function allowInstallation(name: string): void {
  const start = location.origin + location.pathname;
  if (!window.isSecureContext || !location.protocol.startsWith("http")) return;
  const link = document.querySelector<HTMLLinkElement>('link[rel="manifest"]');
  const icon = document.querySelector<HTMLLinkElement>('link[rel="apple-touch-icon"]')?.href;
  if (link === null) return;
  const manifest = {
    name,
    ...{ id: start, start_url: start, scope: start, display: "standalone" },
    ...{ theme_color: "#0b5d4e", background_color: "#f6f4ef" },
    icons: [{ src: icon, sizes: "180x180", type: "image/png" }],
  };
  link.href = `data:application/manifest+json,${encodeURIComponent(JSON.stringify(manifest))}`;
  // Where no sw.js lies beside the page, all else works.
  navigator.serviceWorker
    ?.register("sw.js", { scope: location.pathname, updateViaCache: "none" })
    .catch(() => {});
}
