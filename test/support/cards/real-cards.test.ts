import { expect, test } from 'vitest';
import { networkOf, noConfig, parseRealCards } from './real-cards.ts';

const file = import.meta.filename;
const kubeconfigs = { KUBECONFIG_HOST: file, KUBECONFIG_DPU: file };
const external = { NF_INGRESS_IP: '10.20.30.2', EXTERNAL_CLIENT_IP: '10.20.30.100', EXTERNAL_CLIENT_DEV: 'eno1' };

test('all that is needed is named by the variables', () => {
  expect(parseRealCards({ ...kubeconfigs, ...external })).toEqual({
    hostKubeconfig: file,
    dpuKubeconfig: file,
    image: undefined,
    external: { functionAddress: '10.20.30.2/24', address: '10.20.30.100/24', device: 'eno1' },
  });
  expect(networkOf('10.20.30.100/24')).toBe('10.20.30.0/24');
});

test('without network functions no machine beyond the card is needed', () => {
  const { external: client } = parseRealCards({ ...kubeconfigs, SKIP_NF_TESTING: '1' });
  expect(client).toEqual({ missing: 'SKIP_NF_TESTING is set' });
});

test.each<[NodeJS.ProcessEnv, string]>([
  [{ KUBECONFIG_DPU: file }, 'KUBECONFIG_HOST is not set'],
  [{ KUBECONFIG_HOST: file }, 'KUBECONFIG_DPU is not set'],
  [{ ...kubeconfigs, KUBECONFIG_DPU: '/nowhere' }, 'KUBECONFIG_DPU: there is no file /nowhere'],
  [{ ...kubeconfigs, ...external, NF_INGRESS_IP: '' }, 'NF_INGRESS_IP is not set'],
  [{ ...kubeconfigs, ...external, NF_INGRESS_IP: '10.20.30' }, 'NF_INGRESS_IP: 10.20.30 is no IPv4 address'],
  [{ ...kubeconfigs, ...external, EXTERNAL_CLIENT_DEV: undefined }, 'EXTERNAL_CLIENT_DEV is not set'],
  [
    { ...kubeconfigs, ...external, EXTERNAL_CLIENT_IP: '10.20.31.1' },
    'must be in one network, not in 10.20.30.0/24 and',
  ],
])('%o is refused', (env, says) => {
  expect(() => parseRealCards(env)).toThrow(says);
});

test.each([
  ['Error from server (NotFound): dpuoperatorconfigs "x" not found', 'KUBECONFIG_DPU: no DpuOperatorConfig'],
  ['error: the server doesn\'t have a resource type "dpuoperatorconfig"', 'install the operator and turn it on first'],
  ['Unable to connect to the server: EOF', 'KUBECONFIG_DPU: that cluster does not answer: Unable to connect'],
])('%s is told as what it is', (stderr, says) => {
  expect(noConfig('KUBECONFIG_DPU', stderr).message).toContain(says);
});
