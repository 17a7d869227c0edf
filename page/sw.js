// Keeps the page for use without a network, and renews it in the background. Part of Sesame.
const page = new URL(registration.scope);
const open = () => caches.open("sesame-page");
const renew = async () => {
  const response = await fetch(page, { cache: "no-cache" });
  if (response.ok) await (await open()).put(page, response.clone());
  return response;
};
addEventListener("install", (event) => event.waitUntil(renew().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  if (new URL(event.request.url).pathname !== page.pathname) return;
  const fresh = renew();
  event.waitUntil(fresh.catch(() => {}));
  event.respondWith(open().then(async (cache) => (await cache.match(page)) ?? fresh));
});
