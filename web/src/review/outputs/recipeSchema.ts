/** Form fields from a recipe's JSON schema. */

export type Schema = { [name: string]: unknown };
export type Choice = string | number | boolean | string[] | null;
export type Recipe = Record<string, unknown>;

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly kind: 'line' | 'text' | 'number' | 'check' | 'choice' | 'lines' | 'clip' | 'still' | 'stills' | 'earlier' | 'other';
  readonly initial: unknown;
  readonly options: readonly { value: string | number; words: string }[];
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly longest: number | undefined;
  /** What 0 stands for where a moment is chosen by its number; empty: nothing. */
  readonly zero: string;
  /** What can be chosen for each still, where that is what the field is for. */
  readonly each: readonly Field[];
}

/** What can be chosen; `other` is what only a form of its own can show, and keeps its usual value here. */
export function fieldsOf(schema: Schema): Field[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  return Object.entries(properties).map(([name, given]) => {
    const said = resolve(given, schema);
    const titles = (said.enum_titles ?? {}) as Record<string, string>;
    return {
      name,
      title: String(said.title ?? name),
      hint: String(said.description ?? ''),
      kind: kindOf(said),
      initial: said.default ?? null,
      options: ((said.enum ?? []) as (string | number)[]).map((value) => ({ value, words: titles[value] ?? plain(String(value)) })),
      least: said.minimum as number | undefined,
      most: said.maximum as number | undefined,
      longest: said.maxLength as number | undefined,
      zero: String(said.zero ?? ''),
      each: said.format === 'stills' ? fieldsOf({ ...resolve((said.items ?? {}) as Schema, schema), $defs: schema.$defs }).filter((field) => field.name !== 'still') : [],
    };
  });
}

/** Only values that differ from the defaults; the service fills in the rest. */
export function chosen(fields: readonly Field[], values: Recipe): Recipe {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  return Object.fromEntries(fields.filter(({ name, initial }) => !same(values[name], initial)).map(({ name }) => [name, values[name]]));
}

/** Resolves a $ref, and unwraps anyOf [X, null] to X. */
function resolve(said: Schema, root: Schema): Schema {
  const either = said.anyOf as Schema[] | undefined;
  const real = either?.find((one) => one.type !== 'null');
  const named = /^#\/\$defs\/(.+)$/.exec(String(said.$ref ?? real?.$ref ?? ''))?.[1];
  const found = named ? (root.$defs as Record<string, Schema>)[named] : real;
  return found ? { ...resolve(found, root), ...said } : said;
}

function kindOf(said: Schema): Field['kind'] {
  if (said.enum) return 'choice';
  if (said.numbers === 'clip' || said.numbers === 'still') return said.numbers;
  switch (said.type) {
    case 'boolean':
      return 'check';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return said.format === 'textarea' ? 'text' : 'line';
    case 'array':
      if (said.format === 'stills' || said.format === 'earlier') return said.format;
      return (said.items as Schema | undefined)?.type === 'string' ? 'lines' : 'other';
    default:
      return 'other';
  }
}

const plain = (name: string): string => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('_', ' ');
