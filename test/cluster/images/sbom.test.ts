import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundledParts, debianPart, npmPart, npmParts, sbom } from './sbom.ts';

const image = { title: 'operator', version: '1.2.3', license: 'Apache-2.0', architecture: 'arm64' } as const;

test('the document names each part once, in one order, with package URL and licence', () => {
  const parts = [npmPart('zod', '4.0.0', 'MIT'), npmPart('@grpc/grpc-js', '1.0.0', 'Apache-2.0 OR MIT')];
  const text = sbom(image, parts);
  expect(sbom(image, [...parts, ...parts].reverse())).toBe(text);
  const document = JSON.parse(text);
  expect(document).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  expect(document.metadata.component).toMatchObject({ type: 'container', name: 'operator', version: '1.2.3' });
  const listed = document.components.map(({ purl, licenses }: { purl: string; licenses: unknown }) => [purl, licenses]);
  expect(listed).toEqual([
    ['pkg:npm/%40grpc/grpc-js@1.0.0', [{ expression: 'Apache-2.0 OR MIT' }]],
    ['pkg:npm/zod@4.0.0', [{ license: { id: 'MIT' } }]],
  ]);
});

test('a package of Debian is known by its control file', () => {
  const control = 'Package: libstdc++6\nSource: gcc-12\nVersion: 12.2.0-14+deb12u1\nArchitecture: arm64\n';
  expect(debianPart(control)).toEqual({
    name: 'libstdc++6',
    version: '12.2.0-14+deb12u1',
    purl: 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=arm64&distro=debian-12',
  });
  expect(() => debianPart('Package: x\n')).toThrow('has no Version');
});

test('bundled packages are those whose licences stand beside the bundle', () => {
  const text = ['pino 10.4.0 (MIT)\n\nMIT License', 'zod 4.6.7 (MIT)\n\nLicence (c) 2026 (all of it)'];
  expect(bundledParts(`${text.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)).toEqual([
    npmPart('pino', '10.4.0', 'MIT'),
    npmPart('zod', '4.6.7', 'MIT'),
  ]);
});

test("packages among an image's files are found, and what only looks like one is not", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sbom-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: object) => {
    writeFileSync(join(directory, name), JSON.stringify(content));
    return join(directory, name);
  };
  const files = {
    'npm/package.json': file('a', { name: 'npm', version: '11.0.0', license: 'Artistic-2.0' }),
    'npm/node_modules/@npmcli/arborist/package.json': file('b', { name: '@npmcli/arborist', version: '9.0.0' }),
    'npm/node_modules/tar/dist/commonjs/package.json': file('c', { type: 'commonjs' }),
  };
  expect(await npmParts(files)).toEqual([
    npmPart('npm', '11.0.0', 'Artistic-2.0'),
    npmPart('@npmcli/arborist', '9.0.0'),
  ]);
});
