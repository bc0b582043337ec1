import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { fileNameOf } from './record-file.ts';
import { RecordFiles } from './record-files.ts';

const format = { schema: z.object({ mac: z.string() }) };
const makeDirectory = () => mkdtempSync(join(tmpdir(), 'records-'));
const write = (path: string, text: string, mode = 0o600) => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};
const good = (key: string) => JSON.stringify({ version: 1, key, record: { mac: 'a' } });

test('no two keys share a file, and no key is too long for one', () => {
  const directory = makeDirectory();
  const files = new RecordFiles({ directory, format });
  const keys = ['a/b', 'a%2Fb', 'a', 'A', '..', 'x'.repeat(5000), `${'x'.repeat(5000)}y`, 'a\0b', ''];
  for (const key of keys) files.write(key, { mac: key });
  const records = new RecordFiles({ directory, format }).load();
  expect([...records].sort()).toEqual(keys.map((key) => [key, { mac: key }]).sort());
});

test('a file carries its version and its key', () => {
  const directory = makeDirectory();
  new RecordFiles({ directory, format }).write('bridgePorts/host0-3', { mac: 'b' });
  const [name = ''] = readdirSync(directory);
  expect(name).toBe(fileNameOf('bridgePorts/host0-3'));
  expect(JSON.parse(readFileSync(join(directory, name), 'utf8'))).toEqual({
    version: 1,
    key: 'bridgePorts/host0-3',
    record: { mac: 'b' },
  });
});

const name = fileNameOf('a');
const linkToRecord = (path: string) => {
  write(`${path}.target`, good('a'));
  symlinkSync(`${path}.target`, path);
};
const hugeFile = (path: string) => {
  write(path, '');
  truncateSync(path, 3e9);
};
test.each<[string, (path: string) => unknown, RegExp]>([
  ['cut short', (path) => write(path, '{"mac": "02'), /not JSON/],
  ['without a version', (path) => write(path, '{"mac":"a"}'), /version/],
  ['of another shape', (path) => write(path, '{"version":1,"key":"a","record":{"vlan":3}}'), /mac/],
  ['of a newer version', (path) => write(path, '{"version":2,"key":"a","record":{"mac":"a"}}'), /version 2/],
  ['writable by a group', (path) => write(path, good('a'), 0o660), /others/],
  ['writable by all', (path) => write(path, good('a'), 0o602), /others/],
  ['a link', linkToRecord, /no plain file/],
  ['a link to nothing', (path) => symlinkSync('/nowhere', path), /no plain file/],
  ['a directory', (path) => mkdirSync(path), /no plain file/],
  ['a FIFO', (path) => exec('mkfifo', [path]), /no plain file/],
  ['a file of 3 GB', hugeFile, /3000000000 bytes/],
])('%s is set aside, and the others are read', async (_what, make, reason) => {
  const directory = makeDirectory();
  write(join(directory, fileNameOf('b')), good('b'));
  await make(join(directory, name));
  const files = new RecordFiles({ directory, format });
  expect([...files.load().keys()]).toEqual(['b']);
  const [found] = files.unreadable();
  expect(found).toEqual({ path: join(directory, 'set-aside', name), reason: expect.stringMatching(reason) });
  // A new record of the same key does not touch it.
  files.write('a', { mac: 'new' });
  const next = new RecordFiles({ directory, format });
  expect([...next.load().keys()].sort()).toEqual(['a', 'b']);
  expect(next.unreadable()).toHaveLength(1);
});

test('somebody else’s file is set aside', () => {
  const directory = makeDirectory();
  write(join(directory, name), good('a'));
  const own = process.getuid?.() ?? 0;
  vi.spyOn(process, 'getuid').mockReturnValueOnce(own + 1);
  const files = new RecordFiles({ directory, format });
  expect(files.load().size).toBe(0);
  expect(files.unreadable()).toMatchObject([{ reason: `it belongs to user ${own}` }]);
});

test('a second file with one key is set aside, or removed where it says the same', () => {
  const directory = makeDirectory();
  const files = new RecordFiles({ directory, format });
  files.write('a', { mac: 'new' });
  // What a daemon leaves that is killed while it puts a file into its place.
  copyFileSync(join(directory, name), join(directory, '0.json'));
  write(join(directory, 'a.json'), good('a'));
  const next = new RecordFiles({ directory, format });
  expect([...next.load()]).toEqual([['a', { mac: 'new' }]]);
  expect(next.unreadable()).toMatchObject([{ reason: 'another file has the record of a' }]);
  expect(readdirSync(directory).sort()).toEqual([name, 'set-aside']);
});

test('names that no record has are neither read nor reported, and drafts of a killed daemon go', () => {
  const directory = makeDirectory();
  write(join(directory, '7.draft'), '{');
  write(join(directory, 'notes.txt'), 'mine');
  mkdirSync(join(directory, 'lost+found'));
  mkdirSync(join(directory, 'x.draft'));
  const files = new RecordFiles({ directory, format });
  expect(files.load().size).toBe(0);
  expect(files.unreadable()).toEqual([]);
  expect(readdirSync(directory).sort()).toEqual(['lost+found', 'notes.txt', 'x.draft']);
});

test('the directory may be a file or a link: it is not followed', () => {
  const parent = makeDirectory();
  mkdirSync(join(parent, 'elsewhere'));
  symlinkSync(join(parent, 'elsewhere'), join(parent, 'records'));
  const files = new RecordFiles({ directory: join(parent, 'records'), format });
  files.load();
  files.write('a', { mac: 'a' });
  expect(readdirSync(join(parent, 'elsewhere'))).toEqual([]);
});

test('what a newer daemon wrote is read when that one is back', () => {
  const directory = makeDirectory();
  mkdirSync(join(directory, 'set-aside'));
  write(join(directory, 'set-aside', name), good('a'));
  const files = new RecordFiles({ directory, format });
  expect([...files.load().keys()]).toEqual(['a']);
  expect(files.unreadable()).toEqual([]);
  expect(existsSync(join(directory, name))).toBe(true);
});

test('a person clears what was set aside by deleting it, without a restart', async () => {
  const directory = makeDirectory();
  write(join(directory, name), '{');
  const onUnreadable = vi.fn();
  const files = new RecordFiles({ directory, format, onUnreadable });
  files.load();
  expect(onUnreadable).toHaveBeenCalledTimes(1);
  rmSync(join(directory, 'set-aside', name));
  expect(files.unreadable()).toEqual([]);
  write(join(directory, name), '{');
  files.close();
  const next = new RecordFiles({ directory, format, onUnreadable });
  next.load();
  onUnreadable.mockClear();
  rmSync(join(directory, 'set-aside', name));
  await vi.waitFor(() => expect(onUnreadable).toHaveBeenCalled());
  expect(next.unreadable()).toEqual([]);
});

test('a write that fails changes nothing', async () => {
  const directory = makeDirectory();
  const files = new RecordFiles({ directory, format });
  files.write('a', { mac: 'old' });
  mkdirSync(join(directory, fileNameOf('b')));
  expect(() => files.write('b', { mac: 'new' })).toThrow();
  await expect(files.writeDurably('b', { mac: 'new' })).rejects.toThrow();
  expect(readdirSync(directory).sort()).toEqual([fileNameOf('a'), fileNameOf('b')].sort());
});

test('a record that somebody deletes is told of by its key, one that is removed or rewritten is not', async () => {
  const directory = join(makeDirectory(), 'its');
  const files = new RecordFiles({ directory, format });
  onTestFinished(() => files.close());
  files.load();
  files.write('loaded', { mac: 'a' });
  const lost: string[] = [];
  files.watch((key) => lost.push(key));
  files.write('written', { mac: 'b' });
  files.write('removed', { mac: 'c' });
  files.write('written', { mac: 'd' });
  files.remove('removed');
  rmSync(join(directory, fileNameOf('written')));
  await vi.waitFor(() => expect(lost).toEqual(['written']));
  files.write('written', { mac: 'd' });
  rmSync(directory, { recursive: true });
  await vi.waitFor(() => expect(lost.sort()).toEqual(['loaded', 'written', 'written']));
  files.write('written', { mac: 'd' });
  rmSync(join(directory, fileNameOf('written')));
  await vi.waitFor(() => expect(lost).toHaveLength(4));
});
