// Writes `.br` and `.gz` beside every built file, so the server never compresses at run time.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

export function precompress(): Plugin {
  let out = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
        const path = join(out, name);
        if (!statSync(path).isFile()) continue;
        const raw = readFileSync(path);
        keepIfSmaller(`${path}.gz`, gzipSync(raw, { level: 9 }), raw);
        keepIfSmaller(
          `${path}.br`,
          brotliCompressSync(raw, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
          }),
          raw,
        );
      }
    },
  };
}

function keepIfSmaller(path: string, packed: Buffer, raw: Buffer): void {
  if (packed.length < raw.length) writeFileSync(path, packed);
}
