/** As catalogs know the operator; an installation of the Go operator is upgraded by the same name. */
export const packageName = 'dpu-operator';
