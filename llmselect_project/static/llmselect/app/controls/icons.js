/** Icons, drawn as lines on a grid of 24. */
import { html } from "../lib/ui.js";

const SHAPES = {
  menu: "M4 6h16M4 12h16M4 18h16",
  sidebar: "M4 5h16v14H4zM9.5 5v14",
  plus: "M12 5v14M5 12h14",
  chat: "M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-8l-5 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z",
  compare: "M4 5h6.5v14H4zM13.5 5H20v14h-6.5z",
  arena: "M5 20V11M12 20V4M19 20v-6",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12L4 7.5M12 12v9",
  usage: "M4 19h16M5 15l4-5 4 3 6-8",
  settings: "M5 8h8M17 8h2M5 16h2M11 16h8M13 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0M7 16a2 2 0 1 0 4 0 2 2 0 0 0-4 0",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l4.5 4.5",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 3.5V8h-4.5",
  swap: "M4 8h13l-3.5-3.5M20 16H7l3.5 3.5",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.2 10.5v6M13.8 10.5v6",
  more: "M5.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0M11.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0M17.5 12a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  up: "M6 15l6-6 6 6",
  close: "M6 6l12 12M18 6L6 18",
  key: "M14.5 13.5a4.5 4.5 0 1 0-4-4L4 16v4h4v-2.5h2.5V15z",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  tool: "M14.5 6.5a4 4 0 0 1 5 5l-2.5-2-2 .5-.5 2 2 2.5a4 4 0 0 1-5-5L5 16l3 3 6.5-6.5",
  think: "M9 18h6M10 21h4M8.5 15a6 6 0 1 1 7 0c-.6.5-.9 1.2-1 2h-5c-.1-.8-.4-1.5-1-2z",
  export: "M12 4v11M7.5 10.500L12 15l4.5-4.500M5 19h14",
  blind: "M4 4l16 16M6.5 7.500C4.3 9.2 3 12 3 12s3.5 6 9 6c1.6 0 3-.5 4.2-1.200M10 6.200A9 9 0 0 1 12 6c5.5 0 9 6 9 6s-.7 1.3-2 2.7",
  judge: "M12 4v16M7 20h10M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z",
  star: "M12 4l2.5 5.2 5.5.8-4 4 1 5.700L12 17l-5 2.7 1-5.7-4-4 5.5-.8z",
  offline: "M4 4l16 16M2.5 9.500A14 14 0 0 1 8 6.200M12 5.300c3.6 0 7 1.5 9.5 4.200M6 13a9 9 0 0 1 4-2.300M15 11.300a9 9 0 0 1 3 1.700M12 18h.01",
  warn: "M12 4L3 19.500h18zM12 10v4.500M12 17h.01",
  out: "M14 5H5v14h9M10 12h10M16.5 8.500L20 12l-3.5 3.5",
  book: "M5 5h5a2 2 0 0 1 2 2v12a2 2 0 0 0-2-2H5zM19 5h-5a2 2 0 0 0-2 2v12a2 2 0 0 1 2-2h5z",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20a7.5 7.5 0 0 1 15 0",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600L7 7M17 17l1.4 1.400M5.6 18.400L7 17M17 7l1.4-1.4",
  branch: "M7 5v9a4 4 0 0 0 4 4h6M14 15l3 3-3 3M7 5a2 2 0 1 0 0-.01",
};

/** @param {{name: keyof typeof SHAPES, size?: number}} props */
export const Icon = ({ name, size = 18 }) => html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true">
  <path d=${SHAPES[name]} />
</svg>`;
