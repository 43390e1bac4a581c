import { defineConfig } from "vite";

// Names without hashes: the build is committed, and a changed build should be a changed file.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../jaxmmo/viewer/static",
    emptyOutDir: true,
    modulePreload: false,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        postBanner: "/* Contains three.js, copyright 2010-2026 three.js authors, MIT License */",
        entryFileNames: "viewer.js",
        assetFileNames: "viewer[extname]",
      },
    },
  },
});
