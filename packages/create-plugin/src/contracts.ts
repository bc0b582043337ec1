/** The contracts that a plugin may serve beside lifecycle and devices, which every plugin has. */
export const contracts = ['bridge', 'networkFunctions', 'chains', 'networkConfig'] as const;

export type Contract = (typeof contracts)[number];
