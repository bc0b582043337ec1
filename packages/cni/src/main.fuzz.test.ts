/**
 * The program's doors: what a runtime gives it, and what it hears from the daemon. It always ends with 0 or 1, and says
 * nothing, a result, or an error with a code. `make fuzz` runs this for long; a failure names the seed that repeats it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeDaemon } from './testing/fake-daemon.ts';
import { type Outcome, run } from './testing/program.ts';

/** Fewer than of a call of a function: each starts a process, some 20 ms. */
const numRuns = Math.ceil(Number(process.env.FUZZ_RUNS ?? 1_500) / 25);
const parameters = { seed: Number(process.env.FUZZ_SEED ?? 20_261_126), numRuns };
const timeout = 30_000 + numRuns * 1_000;

const daemon = new FakeDaemon();
const directory = mkdtempSync(join(tmpdir(), 'dpu-cni-fuzz-'));
const babblerSocket = join(directory, 'babbler.sock');
let babbler: Server;
let babble = Buffer.alloc(0);

beforeAll(async () => {
  await daemon.start();
  babbler = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(babble));
  });
  await new Promise<void>((resolve) => babbler.listen(babblerSocket, resolve));
});
afterAll(() => {
  daemon.close();
  babbler.close();
  rmSync(directory, { recursive: true, force: true });
});

function expectWellBehaved({ exitCode, text, json }: Outcome): void {
  expect([0, 1], text).toContain(exitCode);
  if (exitCode === 0 && text === '') return;
  expect(json).toBeTypeOf('object');
  if (exitCode === 0) return;
  expect(Number.isInteger(json.code) && json.code >= 1 && json.code < 2 ** 32, text).toBe(true);
  expect(json.msg).toMatch(/./);
}

const oddText = fc.oneof(
  fc.constantFrom('', '.', '..', '/', 'eth%d', '%', 'a\nb', 'a b', 'é'.repeat(15), 'à', 'x'.repeat(300), '__proto__'),
  // The kernel ends a variable at a NUL.
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('\0', '')),
);
const oddJson = fc.anything({
  key: oddText,
  maxDepth: 2,
  values: [oddText, fc.double(), fc.boolean(), fc.constant(null)],
});

function withOddFields(good: Record<string, unknown>, odd: fc.Arbitrary<unknown>) {
  const change = fc.tuple(fc.constantFrom(...Object.keys(good)), odd);
  return fc.array(change, { maxLength: 2 }).map((changes) => ({ ...good, ...Object.fromEntries(changes) }));
}

const command = fc.constantFrom('ADD', 'ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION');
const variables = withOddFields(
  { CNI_CONTAINERID: 'abc', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'net1', CNI_ARGS: 'A=b' },
  oddText,
) as fc.Arbitrary<Record<string, string>>;
const config = withOddFields(
  { cniVersion: '1.1.0', name: 'net', type: 'dpu-cni', logFile: 'none', logLevel: 'info' },
  fc.oneof(oddJson, oddText),
);
const stdin = fc.oneof(
  { arbitrary: config.map((json) => Buffer.from(JSON.stringify(json))), weight: 4 },
  {
    arbitrary: fc
      .oneof(
        oddText,
        oddJson.map((json) => `${JSON.stringify(json)}`),
      )
      .map(Buffer.from),
    weight: 1,
  },
  { arbitrary: fc.uint8Array({ maxLength: 100 }).map(Buffer.from), weight: 1 },
);

const passedOn = () => daemon.received?.env;

test('whatever a runtime gives it', { timeout }, async () => {
  daemon.answer = { status: 200, body: '{"Result":{}}' };
  const property = fc.asyncProperty(command, variables, stdin, async (name, env, input) => {
    daemon.received = undefined;
    expectWellBehaved(await run({ DPU_CNI_SOCKET: daemon.socket, CNI_COMMAND: name, ...env }, input));
    const passed = passedOn();
    if (name === 'ADD' && passed) {
      expect(passed.CNI_IFNAME).toMatch(/^[^/:%\s\p{Cc}]{1,15}$/u);
      expect(passed.CNI_CONTAINERID).toMatch(/^[a-zA-Z0-9][\w.-]{0,254}$/);
      expect(passed.CNI_NETNS).toMatch(/^\//);
    }
  });
  await fc.assert(property, parameters);
});

const result = { cniVersion: '1.0.0', interfaces: [{ name: 'net1' }], ips: [{ address: '10.0.0.2/24' }] };
const status = fc.oneof(
  fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 500 No', 'HTTP/1.0 200', 'HTTP/2 200', '200', ''),
  oddText,
);
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom('X-CNI-Error-Code', 'X-CNI-Error-Details', 'Content-Length', 'Transfer-Encoding'),
    fc.oneof(oddText, fc.constantFrom('7', '-1', '1e9', '99999999999', '%zz', 'chunked')),
  ),
  fc.tuple(oddText, oddText),
);
const answerBody = fc.oneof(
  withOddFields(result, oddJson).map((json) => JSON.stringify({ Result: json })),
  oddJson.map((json) => `${JSON.stringify(json)}`),
  oddText,
);
const answer = fc.oneof(
  {
    arbitrary: fc
      .tuple(status, fc.array(header, { maxLength: 3 }), answerBody)
      .map(([first, headers, body]) =>
        Buffer.from([first, ...headers.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n')),
      ),
    weight: 4,
  },
  { arbitrary: fc.uint8Array({ maxLength: 200 }).map(Buffer.from), weight: 1 },
);

test('whatever the daemon answers', { timeout }, async () => {
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'abc', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'net1' };
  const version = fc.constantFrom('0.2.0', '0.4.0', '1.0.0', '1.1.0');
  const property = fc.asyncProperty(version, answer, async (cniVersion, bytes) => {
    babble = bytes;
    const outcome = await run({ ...env, DPU_CNI_SOCKET: babblerSocket }, JSON.stringify({ cniVersion, name: 'net' }));
    expectWellBehaved(outcome);
    if (outcome.exitCode === 0) expect(outcome.json.cniVersion).toBe(cniVersion);
  });
  await fc.assert(property, parameters);
});
