export * from './conditions.ts';
export * from './data-processing-unit.ts';
export * from './data-processing-unit-config.ts';
export * from './dpu-operator-config.ts';
export * from './meta.ts';
export * from './names.ts';
export * from './paths.ts';
export * from './service-function-chain.ts';
