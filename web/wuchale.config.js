/**
 * The words of the page: found where they stand, kept in one catalogue (src/locales/en.po), put back in by the build.
 * `npm run words` writes the catalogue anew. A word that this misses, or that is none, is told so beside it:
 * `@wc-include`, `@wc-ignore` (wuchale.dev).
 */
import { adapter as svelte } from '@wuchale/svelte';
import { defineConfig, pofile } from 'wuchale';
import { adapter as script } from 'wuchale/adapter-vanilla';

/** Attributes, ours and HTML's, whose text is shown or said. */
const SAID = new Set(['alt', 'aria-label', 'aria-roledescription', 'aria-valuetext', 'label', 'placeholder', 'sure', 'title']);
/** Calls whose text nobody reads. */
const UNREAD = /^(console\.|\[Super\]|.*\.(addEventListener|closest|encode|getItem|matches|postMessage|querySelector(All)?|replace(All)?|setItem|split)$|matchMedia$)/;
/** A single word in a script is the platform's, not the guider's: keys, headers, errors, ways of enciphering. */
const PLATFORMS = /^(AES-GCM|\w+Error|Arrow\w+|BroadcastChannel|Content-Type|Backspace|Delete|End|Enter|ETag|Escape|HKDF|Home|If-(None-)?Match|Insert|Retry-After|SHA-256|Space|X-Copy-Id|[A-Z]|[A-Z_]{3,})$/;
/** Selectors, colours, queries of media, and the head that carries a token. */
const CODE = /[[\]{}=]|^\(|^rgb\(|^[MmA][#\d]|^(overflow|rotate): |^Invalid TS |^IndexedDB|^main h1$|^input, |^button, |^Bearer |^[\w-]+\/[\w-]+/;

const heuristic = ({ msgStr, details: { scope, element, attribute, call } }) => {
  const words = msgStr.join(' ').trim();
  if (!/\p{L}/u.test(words) || element === 'style') return false;
  if (scope === 'markup') return 'message';
  if (scope === 'attribute') return SAID.has(attribute ?? '') && 'message';
  if (attribute && !SAID.has(attribute)) return false;
  if (UNREAD.test(call ?? '') || CODE.test(words)) return false;
  return (/\p{L}[^\p{L}]*\s|\s[^\p{L}]*\p{L}/u.test(words) || (/^\p{Lu}[\p{L}’-]*[.…]?$/u.test(words) && !PLATFORMS.test(words))) && 'message';
};

/** One language a build: what is looked up is there when a module begins, in constants too. */
const now = { wrapInit: (expression) => expression, wrapUse: () => '_w_load_()' };
const runtime = { initReactive: () => null, useReactive: false, plain: now, reactive: now };

/** A language that nobody speaks, for tests: what is still English in it is in no catalogue. */
const PSEUDO = 'en-XA';
const LETTERS = ['abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', 'áƀćđéƒğĥíĵķĺɱñóƥɋŕšťúṽŵẋýžÁƁĆĐÉƑĞĤÍĴĶĹṀÑÓƤɊŔŠŤÚṼŴẊÝŽ'];
const inPseudo = (words) => words.replace(/[a-zA-Z]/g, (letter) => LETTERS[1][LETTERS[0].indexOf(letter)] ?? letter);

/** Entries by the file they stand in, then by their words, so that two branches seldom meet in one place. */
const storage = async (options) => {
  const kept = await pofile()(options);
  if (options.locales.includes(PSEUDO)) {
    const load = kept.load.bind(kept);
    kept.load = async () => {
      const loaded = await load();
      for (const { translations } of loaded.items) translations.set(PSEUDO, translations.get(options.sourceLocale).map(inPseudo));
      return loaded;
    };
  }
  const place = (item) => `${item.references[0]?.file ?? '~'}\n${item.translations.get(options.sourceLocale)?.[0] ?? ''}`;
  const save = kept.save.bind(kept);
  const inOrder = (item) => {
    for (const { refs } of item.references) refs.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
    item.references.sort((one, other) => (one.file < other.file ? -1 : 1));
    return item;
  };
  kept.save = (data) => save({ ...data, items: data.items.map(inOrder).sort((one, other) => (place(one) < place(other) ? -1 : 1)) });
  return kept;
};

/** wuchale takes messages that differ by outer spaces alone for one, and shows whichever it met last in both places. */
const met = new Map();
const told = (adapter) => ({
  ...adapter,
  transform: async (file) => {
    const found = await adapter.transform(file);
    for (const { msgStr, context } of found.msgs) {
      const words = msgStr.join('\n');
      const key = `${words.trim()}\n${context ?? ''}`;
      if ((met.get(key) ?? words) !== words) throw new Error(`“${words}” (${file.filename}) stands elsewhere without its outer spaces: put them outside of the words`);
      met.set(key, words);
    }
    return found;
  },
});

const counted = { name: 'count', args: ['other', 'message', 'pluralFunc'] };
const common = { heuristic, runtime, patterns: [counted], loader: 'custom', storage };

/** What the page is built in, and where its catalogues lie; vite.config.ts reads the same. */
const { PAGE_LANGUAGE = 'en', PAGE_LOCALES = 'src/locales' } = process.env;

export default defineConfig({
  locales: [...new Set(['en', PAGE_LANGUAGE])],
  localesDir: PAGE_LOCALES,
  ai: null,
  adapters: {
    page: told(svelte({ ...common, files: { include: ['src/**/*.svelte'], ignore: [] } })),
    script: told(script({
      ...common,
      // What films are told by, in src/film, is for those who look for a fault; what a guider reads of it is in problem.ts.
      files: { include: ['src/**/*.ts'], ignore: ['**/*.d.ts', '**/*.test.ts', 'src/testing/**', 'src/api/{schema,types}.ts', 'src/film/!(problem).ts', 'src/film/*/**'] },
    })),
  },
});
