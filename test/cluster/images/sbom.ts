/** What an image is made of, as a CycloneDX document: Debian's packages, Node, and the npm packages in it. */
import { readFile } from 'node:fs/promises';
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { Architecture } from './architecture.ts';

export interface Part {
  name: string;
  version: string;
  /** SPDX id or expression, as the package says. */
  license?: string;
  purl: string;
}

export interface ImageDescription {
  title: string;
  version: string;
  license: string;
  architecture: Architecture;
}

/** @param parts in any order, and again: one component each, and the same parts make the same document */
export function sbom(image: ImageDescription, parts: readonly Part[]): string {
  const bom = new Models.Bom();
  const root = component(Enums.ComponentType.Container, {
    name: image.title,
    version: image.version,
    license: image.license,
    purl: `pkg:oci/${image.title}?arch=${image.architecture}&tag=${image.version}`,
  });
  bom.metadata.component = root;
  const unique = new Map(parts.map((part) => [part.purl, part]));
  for (const part of unique.values()) {
    const each = component(Enums.ComponentType.Library, part);
    bom.components.add(each);
    root.dependencies.add(each.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function component(type: Enums.ComponentType, { name, version, license, purl }: Part): Models.Component {
  const made = new Models.Component(type, name, { version, purl, bomRef: purl });
  if (license) made.licenses.add(licences.makeFromString(license));
  return made;
}

/** Whatever joins licences is taken for an expression. */
const licences = new Contrib.License.Factories.LicenseFactory((text) => {
  if (!/^\(?[\w.+-]+( (AND|OR|WITH) [\w.+-]+)+\)?$/.test(text)) throw new Error(`no SPDX expression: ${text}`);
});

/** A package of Debian, from its control file. @throws Error where that has no name or version */
export function debianPart(control: string): Part {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1];
    if (!value) throw new Error(`a Debian package has no ${name}: ${control.slice(0, 100)}`);
    return value;
  };
  const [name, version, arch] = [field('Package'), field('Version'), field('Architecture')];
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`;
  return { name, version, purl };
}

export function npmPart(name: string, version: string, license?: string): Part {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;
  return { name, version, purl, ...(license && { license }) };
}

/** The packages in a bundle, from the text that rolldown.shared.mjs puts beside it. */
export function bundledParts(licencesText: string): Part[] {
  return licencesText.split(`\n\n${'-'.repeat(80)}\n\n`).flatMap((entry) => {
    const [, name, version, license] = /^(\S+) (\S+) \((.*)\)/.exec(entry) ?? [];
    return name && version ? [npmPart(name, version, license)] : [];
  });
}

/** The packages among an image's files. @param files by their path in the build context: where they are */
export async function npmParts(files: Record<string, string>): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [target, path] of Object.entries(files)) {
    if (target.endsWith('THIRD_PARTY_LICENCES.txt')) parts.push(...bundledParts(await readFile(path, 'utf8')));
    // Directories of a package have such files too, without name or version.
    if (!/^(npm|mock)\/package\.json$|(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(target)) continue;
    const { name, version, license } = JSON.parse(await readFile(path, 'utf8'));
    if (name && version) parts.push(npmPart(name, version, typeof license === 'string' ? license : undefined));
  }
  return parts;
}
