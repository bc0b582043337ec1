import { DpuError } from '@dpu-operator/sdk';
import { contractVersion, hostApiFault, type ReadManifest, readPluginManifest } from '@dpu-operator/sdk/manifest';
import { requireSettingsSchema } from '@dpu-operator/sdk/settings';
import { satisfies, validRange } from 'semver';
import { LookupError } from './lookup-error.ts';

/** Characters. It stands in the VendorPlugin's status, once for each release in use: etcd takes 1.5 MB. */
const largest = 128 * 1024;

/**
 * The manifest of a VSP that is only an image, where this operator can use it.
 *
 * @param dpu The value of `dpu` in a package.json.
 * @throws LookupError ManifestMissing, ContractUnsupported, or ManifestInvalid that names each wrong field.
 */
export function checkManifest(dpu: unknown): ReadManifest {
  requireContract(fieldsOf(dpu));
  return parse(dpu);
}

/**
 * The manifest of an npm package, which the plugin host of the general VSP image is to load. A package that brings an image
 * brings its own host, which looks by itself.
 *
 * @throws LookupError as {@link checkManifest}, and HostApiUnsupported
 */
export function checkPackageManifest(dpu: unknown): ReadManifest {
  const fields = fieldsOf(dpu);
  requireContract(fields);
  const fault = fields.image === undefined ? hostApiFault(fields.hostApi) : undefined;
  if (fault !== undefined) throw new LookupError('HostApiUnsupported', `dpu.hostApi: ${fault}`);
  return parse(dpu);
}

/** Of versions before all else: what is written for a newer operator may have fields that this one does not know. */
function fieldsOf(dpu: unknown): { contract?: unknown; hostApi?: unknown; image?: unknown } {
  if (dpu === undefined || dpu === null) {
    throw new LookupError('ManifestMissing', 'its package.json has no key `dpu`: it is no DPU plugin');
  }
  return typeof dpu === 'object' ? dpu : {};
}

function requireContract({ contract }: { contract?: unknown }): void {
  if (typeof contract === 'string' && validRange(contract) && !satisfies(contractVersion, contract)) {
    const message = `it is written for contract ${contract}, this operator has ${contractVersion}; take another version of the plugin or of the operator`;
    throw new LookupError('ContractUnsupported', message);
  }
}

function parse(dpu: unknown): ReadManifest {
  const size = JSON.stringify(dpu).length;
  if (size > largest) throw new LookupError('ManifestInvalid', `it has ${size} characters, may have ${largest}`);
  try {
    const read = readPluginManifest({ dpu });
    requireSettingsSchema(read.manifest.settings);
    return read;
  } catch (error) {
    throw new LookupError('ManifestInvalid', DpuError.from(error).message, { cause: error });
  }
}
