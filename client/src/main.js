import { App } from "./app.js";
import { Live } from "./data/live.js";

/**
 * Where the world comes from: a replay embedded in the page (notebooks), one that the server was
 * started with, a live world, or nothing yet but what is opened from the page.
 */
async function start() {
  const app = new App();
  window.jaxmmo = app;
  const embedded = document.getElementById("replay-data");
  if (embedded) {
    const bytes = Uint8Array.from(atob(embedded.textContent.trim()), (c) => c.charCodeAt(0));
    return app.openReplay(bytes.buffer);
  }
  const query = window.location.search;
  const response = await fetch(`mode${query}`);
  if (!response.ok) return app.fail(await response.text());
  const { mode } = await response.json();
  if (mode === "replay") {
    const file = await fetch(`replay.jmmo${query}`);
    return file.ok ? app.openReplay(await file.arrayBuffer()) : app.fail(await file.text());
  }
  const { protocol, host, pathname } = window.location;
  const scheme = protocol === "https:" ? "wss" : "ws";
  const here = `${host}${pathname.replace(/[^/]*$/, "")}`;
  return app.watch(new Live(`${scheme}://${here}live${query}`, `recent${query}`));
}

start().catch((error) => window.jaxmmo?.fail(error.message));
