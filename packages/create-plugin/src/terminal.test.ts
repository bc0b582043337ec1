/** The questions, on a pseudo terminal as a person meets them. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
const [enter, down, interrupt] = ['\r', '\u001b[B', '\u0003'];

/** What a terminal shows of the program, and the keys that go into it. `script` of util-linux makes the terminal. */
class Person {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  #seen = '';
  #read = 0;

  constructor(directory: string, args: string[] = []) {
    const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    // Nobody's terminal has a size before somebody says it.
    const sized = `stty cols 120 rows 40; exec ${command}`;
    const environment = { ...process.env, TERM: 'xterm', CI: '' };
    this.#child = spawn('script', ['-qec', sized, '/dev/null'], { cwd: directory, env: environment });
    this.ended = once(this.#child, 'close').then(([code]) => code);
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += text;
    });
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  get seen(): string {
    return stripVTControlCharacters(this.#seen);
  }

  /**
   * Answers a question once it is asked, which its ◆ tells from an answer in the same words: between two questions the
   * terminal is not the program's, and would take what is typed by itself.
   */
  async at(question: string, ...keys: string[]): Promise<void> {
    await vi.waitFor(() => expect(this.seen.slice(this.#read)).toContain(question));
    this.#read = this.seen.length;
    for (const key of keys) this.#child.stdin.write(key);
  }
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'create-plugin-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

test('asks for everything, says what is wrong with an answer, and writes the plugin', async () => {
  const directory = await temporaryDirectory();
  const person = new Person(directory);
  await person.at('◆  Vendor', 'Acme', enter);
  await person.at('must be lower-case', '\u0015', 'acme', enter);
  await person.at('◆  Product', 'Acme DPU', enter);
  await person.at('◆  How is a host', enter);
  await person.at('◆  PCI vendor and device id (vendor:device, hex digits)', '1d0f:efa1', enter);
  await person.at("◆  How is the DPU's own node told", down, down, down, enter);
  await person.at('◆  Contracts beside', enter);
  await person.at('◆  Name of the npm package', '@acme/dpu-vsp', enter);
  await person.at('◆  Directory', enter);
  expect(await person.ended).toBe(0);
  expect(person.seen).toMatch(/Wrote \d+ files to dpu-vsp/);
  const packageJson = JSON.parse(await readFile(join(directory, 'dpu-vsp/package.json'), 'utf8'));
  expect(packageJson).toMatchObject({
    name: '@acme/dpu-vsp',
    dpu: { products: [{ name: 'Acme DPU', host: { detect: { pci: { vendor: '1d0f', device: 'efa1' } } } }] },
  });
  expect(packageJson.dpu.products[0].dpu).toBeUndefined();
  expect(await readdir(join(directory, 'dpu-vsp'))).toContain('LICENSE');
});

test('writes nothing when it is interrupted', async () => {
  const directory = await temporaryDirectory();
  const person = new Person(directory, ['--vendor', 'acme']);
  await person.at('◆  Product', interrupt);
  expect(await person.ended).toBe(130);
  expect(person.seen).toContain('Nothing was written.');
  expect(await readdir(directory)).toEqual([]);
});

test('a link to nowhere ends with 2, and no stack', async () => {
  const directory = await temporaryDirectory();
  await symlink('nowhere', join(directory, 'link'));
  const person = new Person(directory, ['link', '--vendor', 'acme', '--product', 'A', '--dpu-dmi', 'A', '--yes']);
  expect(await person.ended).toBe(2);
  expect(person.seen).toMatch(/link is a link to nowhere; name another directory/);
  expect(person.seen).not.toMatch(/\n +at /);
  expect(await readdir(directory)).toEqual(['link']);
});

test.each([
  [['--bogus'], 2, /unknown option '--bogus'/],
  [['--vendor', 'Acme', '--yes'], 2, /--vendor must be lower-case/],
  [['x'.repeat(300), '--vendor', 'acme', '--product', 'A', '--dpu-dmi', 'A', '--yes'], 1, /^ENAMETOOLONG: /],
  [['--help'], 0, /--host-pci/],
])('%j ends with %i, and no stack', async (args, code, words) => {
  const person = new Person(await temporaryDirectory(), args);
  expect(await person.ended).toBe(code);
  expect(person.seen).toMatch(words);
  expect(person.seen).not.toMatch(/\n +at /);
});
