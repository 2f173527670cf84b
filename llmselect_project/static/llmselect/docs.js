"use strict";

// Swagger UI is dark under this class; its own switch is part of a bar that this page does not show.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);
