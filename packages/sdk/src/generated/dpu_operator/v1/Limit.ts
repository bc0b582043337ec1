// Original file: proto/dpu_operator/v1/plugin_info.proto


export interface Limit {
  'number'?: (number);
  'flag'?: (boolean);
  'text'?: (string);
  'value'?: "number"|"flag"|"text";
}

export interface Limit__Output {
  'number'?: (number);
  'flag'?: (boolean);
  'text'?: (string);
  'value'?: "number"|"flag"|"text";
}
