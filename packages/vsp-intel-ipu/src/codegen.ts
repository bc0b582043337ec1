/** Writes src/generated from the protos, so that nothing needs a file beside it at run time. `--check` writes nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
// Registers google/protobuf/any.proto with protobufjs.
import '@grpc/proto-loader';
import protobuf from 'protobufjs';

const root = join(import.meta.dirname, '..');
const protos = globSync('*.proto', { cwd: join(root, 'proto') }).sort();
/** As src/p4rt/service.ts decodes. */
const options = ['--longs=String', '--enums=String', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js'];

function typeFiles(): [string, string][] {
  const loader = createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json');
  const program = join(dirname(loader), 'build/bin/proto-loader-gen-types.js');
  const output = mkdtempSync(join(tmpdir(), 'p4runtime-types-'));
  try {
    const places = ['--importFileExtension=.ts', '-I', 'proto', '-O', output];
    execFileSync(process.execPath, [program, ...options, ...places, '--', ...protos], { cwd: root });
    const names = globSync('*/**/*.ts', { cwd: output }).filter(
      (name) => !name.startsWith('google/protobuf/') || name.endsWith('/Any.ts'),
    );
    return names.map((name) => [`src/generated/${name}`, readFileSync(join(output, name), 'utf8')]);
  } finally {
    rmSync(output, { recursive: true });
  }
}

function descriptor(): string {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_origin, target) =>
    target.startsWith('google/protobuf/') ? target : join(root, 'proto', target);
  const json = loaded.loadSync(protos).resolveAll().toJSON();
  const text = JSON.stringify(JSON.stringify(json));
  return `import type { INamespace } from 'protobufjs';\n\nexport const protos = (): INamespace => JSON.parse(${text});\n`;
}

const wanted = new Map([...typeFiles(), ['src/generated/protos.ts', descriptor()] as const]);
const stale = [...wanted].filter(([name, text]) => {
  const path = join(root, name);
  return !existsSync(path) || readFileSync(path, 'utf8') !== text;
});
if (process.argv.includes('--check')) {
  if (stale.length > 0) console.error(`out of date: ${stale.map(([name]) => name).join(', ')}; run: pnpm generate`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}
