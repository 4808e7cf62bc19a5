import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // everything from our own host: Content-Security-Policy 'self'
    chunkSizeWarningLimit: 1200, // MapLibre, loaded when the map is first shown
  },
  worker: { format: "es" }, // MapLibre 6 ships its worker as a module
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: { include: ["tests/**/*.test.ts"] },
});
