/** What a screen reader is told of things that happen elsewhere on the page. */

class Voice {
  words = $state('');

  say(words: string): void {
    // The same words twice are heard twice.
    this.words = this.words === words ? `${words}\u00a0` : words;
  }
}

export const voice = new Voice();
export const say = (words: string): void => voice.say(words);
