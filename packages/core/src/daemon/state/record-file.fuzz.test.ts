/** The state directory's door: whatever lies in it, a daemon starts, and does nothing that no request asked for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Attachment, attachment, type IpamCall, keyOf } from '../attach/record/attachment.ts';
import { attachmentOf } from '../attach/testing/attachment.ts';
import { fuzzParameters, fuzzTimeout, oddJson, oddText, withOddFields } from '../testing/fuzz.ts';
import { fileNameOf } from './record-file.ts';
import { RecordFiles } from './record-files.ts';

const parent = mkdtempSync(join(tmpdir(), 'records-fuzz-'));

const ipam = fc.oneof(
  withOddFields({ type: 'host-local', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' }),
  oddText.map((type) => ({ type, env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' })),
  oddText.map((CNI_PATH) => ({ type: 'host-local', env: { CNI_PATH }, config: '{}' })),
);
const record = fc.oneof(
  withOddFields({ ...attachmentOf() }),
  ipam.map((call) => ({ ...attachmentOf(), ipam: call })),
);
const envelope = fc
  .record({ key: fc.oneof(fc.constant(keyOf(attachmentOf())), oddText), record })
  .chain((good) => withOddFields({ version: 1, ...good }));
const content = fc.oneof<fc.Arbitrary<string | Uint8Array>[]>(
  fc.uint8Array({ maxLength: 200 }),
  oddText,
  fc.oneof<fc.Arbitrary<unknown>[]>(oddJson, record, envelope).map((json) => `${JSON.stringify(json)}`),
);
const fileName = fc.oneof(
  fc.constant(fileNameOf(keyOf(attachmentOf()))),
  fc.string().map(fileNameOf),
  // A file system takes neither `/` nor NUL, nor more than 255 bytes.
  oddText.map((name) => `${encodeURIComponent(name.toWellFormed()).slice(0, 200)}.json`),
  fc.constantFrom('%.json', '%E0%A4%A.json', '.json', '1.draft', 'notes.txt'),
);

function expectNoForgedCall({ type, env }: IpamCall): void {
  expect(type).not.toMatch(/[/\0]|^\.{0,2}$/);
  for (const directory of (env.CNI_PATH ?? '').split(':').filter(Boolean)) expect(isAbsolute(directory)).toBe(true);
}

test('files among the records', { timeout: fuzzTimeout }, () => {
  let directories = 0;
  let loaded = 0;
  const property = fc.property(fc.array(fc.tuple(fileName, content), { minLength: 1, maxLength: 3 }), (contents) => {
    directories += 1;
    const directory = join(parent, `${directories}`);
    mkdirSync(directory);
    for (const [name, bytes] of contents) writeFileSync(join(directory, name), bytes, { mode: 0o600 });
    const files = new RecordFiles<Attachment>({ directory, format: { schema: attachment, keyOf } });
    const records = [...files.load()];
    files.close();
    for (const [key, value] of records) {
      expect(attachment.parse(value)).toEqual(value);
      expect(key).toBe(keyOf(value));
      if (value.ipam) expectNoForgedCall(value.ipam);
    }
    loaded += records.length;
    rmSync(directory, { recursive: true });
  });
  fc.assert(property, fuzzParameters);
  // Some are right: what they are told from is not always the same refusal.
  expect(loaded).toBeGreaterThan(0);
});
