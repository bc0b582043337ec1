/** What the variables of a command say. */
import { hostname } from 'node:os';
import { imageParts } from '../packages/core/src/manifests/image.ts';
import { type ProductImage, productImages } from '../test/cluster/images/image-inputs.ts';

export interface Registry {
  /** Host, and a path where there is one: `quay.io/me`. */
  name: string;
  /** False for one that has no certificate that this machine trusts, or speaks http. */
  tlsVerify: boolean;
}

/** What a command says about its variables before it starts. */
export type Hint = (text: string) => void;

/** The registry that images are pushed to and pulled from. Default: port 5000 of this machine. @throws Error of a variable */
export function parseRegistry(env: NodeJS.ProcessEnv, hint: Hint): Registry {
  const { REGISTRY, REGISTERY } = env;
  if (!REGISTRY && REGISTERY) hint(`REGISTERY is taken for REGISTRY=${REGISTERY}: it is spelled REGISTRY`);
  const name = REGISTRY || REGISTERY || `${hostname().toLowerCase()}:5000`;
  if (/^\w+:\/\//.test(name)) throw new Error(`REGISTRY=${name}: without ${name.split('//')[0]}//, such as quay.io/me`);
  if (!/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/.test(name)) {
    throw new Error(`REGISTRY=${name}: it must be a host, a port if it has one, and a path in small letters`);
  }
  const verify = env.PUSH_TLS_VERIFY || 'true';
  if (verify !== 'true' && verify !== 'false') throw new Error(`PUSH_TLS_VERIFY=${verify}: it must be true or false`);
  return { name, tlsVerify: verify === 'true' };
}

/** @param version what images are tagged with where TAG is not set. @throws Error of the variable */
export function parseTag(env: NodeJS.ProcessEnv, version: string): string {
  const tag = env.TAG || version;
  if (/^[\w][\w.-]{0,127}$/.test(tag)) return tag;
  throw new Error(`TAG=${tag}: it must be letters, digits, dots, dashes and underscores, at most 128`);
}

export function reference({ name }: Pick<Registry, 'name'>, image: ProductImage | 'bundle', tag: string): string {
  return `${name}/dpu-operator/${image}:${tag}`;
}

export type Images = Record<ProductImage, string>;

/** Variables that name an image which was not built here. */
const imageVariables = { operator: 'OPERATOR_IMAGE', vsp: 'VSP_IMAGE' } as const satisfies Images;

function named(image: ProductImage, env: NodeJS.ProcessEnv): string {
  const variable = imageVariables[image];
  const name = env[variable] ?? '';
  try {
    imageParts(name);
  } catch (error) {
    throw new Error(`${variable}=${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return name;
}

/** Both images where the variables name them, undefined where they name none. @throws Error of the variable */
export function namedImages(env: NodeJS.ProcessEnv): Images | undefined {
  const missing = productImages.filter((image) => !env[imageVariables[image]]);
  if (missing.length === productImages.length) return undefined;
  for (const image of missing) {
    throw new Error(`${imageVariables[image]} is not set: name both images, or none to use those of REGISTRY`);
  }
  return { operator: named('operator', env), vsp: named('vsp', env) };
}
