export * from './install-cni.ts';
