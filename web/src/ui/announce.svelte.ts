/** Tells a screen reader what happened elsewhere on the page. */

class Announcement {
  text = $state('');

  set(text: string): void {
    // A live region is read out only when it changes, so the same text is made to differ.
    this.text = this.text === text ? `${text}\u00a0` : text;
  }
}

export const announcement = new Announcement();
export const announce = (text: string): void => announcement.set(text);
