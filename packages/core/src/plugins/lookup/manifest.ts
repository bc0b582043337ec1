import { DpuError } from '@dpu-operator/sdk';
import { contractVersion, type PluginManifest, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { requireSettingsSchema } from '@dpu-operator/sdk/settings';
import { satisfies, validRange } from 'semver';
import { LookupError } from './lookup-error.ts';

/**
 * A plugin's manifest that this operator can use.
 *
 * @param dpu The value of `dpu` in its package.json.
 * @throws LookupError ManifestMissing, ContractUnsupported, or ManifestInvalid that names each wrong field.
 */
export function checkManifest(dpu: unknown): PluginManifest {
  if (dpu === undefined || dpu === null) {
    throw new LookupError('ManifestMissing', 'its package.json has no key `dpu`: it is no DPU plugin');
  }
  const contract = typeof dpu === 'object' && 'contract' in dpu ? dpu.contract : undefined;
  if (typeof contract === 'string' && validRange(contract) && !satisfies(contractVersion, contract)) {
    const message = `it is written for contract ${contract}, this operator has ${contractVersion}; take another version of the plugin or of the operator`;
    throw new LookupError('ContractUnsupported', message);
  }
  try {
    const manifest = parsePluginManifest({ dpu });
    requireSettingsSchema(manifest.settings);
    return manifest;
  } catch (error) {
    throw new LookupError('ManifestInvalid', DpuError.from(error).message, { cause: error });
  }
}
