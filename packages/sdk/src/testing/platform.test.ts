import { expect, test } from 'vitest';
import { fakePlatform } from './platform.ts';

test('answers for the programs that it has a script for, and tells what was run', async () => {
  const { exec } = fakePlatform({
    exec: { 'acme-fw': ([command]) => (command === 'version' ? '2.1.0' : { exitCode: 3, stderr: 'busy' }), true: '' },
  });
  expect(await exec('acme-fw', ['version'], { input: 'x' })).toEqual({ stdout: '2.1.0', stderr: '', exitCode: 0 });
  await expect(exec('acme-fw', ['reset'])).rejects.toMatchObject({ code: 'INTERNAL', message: 'acme-fw reset: busy' });
  expect(await exec('acme-fw', ['reset'], { allowFailure: true })).toMatchObject({ exitCode: 3 });
  await exec('true', []);
  expect(exec.calls.map(({ file, args, input }) => [file, ...args, input])).toEqual([
    ['acme-fw', 'version', 'x'],
    ['acme-fw', 'reset', ''],
    ['acme-fw', 'reset', ''],
    ['true', ''],
  ]);
});

test('names a program that nobody expected', async () => {
  const platform = fakePlatform();
  await expect(platform.links.batch(['link set x up'])).rejects.toThrow('unexpected `ip -batch -`');
  expect(platform.exec.calls).toEqual([{ file: 'ip', args: ['-batch', '-'], input: 'link set x up\n' }]);
  expect(() => platform.openVSwitch({ directory: '/nonexistent' })).toThrow('give it one');
  expect(await platform.sysfs.snapshot()).toEqual({ pci: [], dmiProduct: '', compatible: [] });
});
