/** A page of the site. */
export interface Page {
  /** Path in the site, with `.md`: `errors/index.md`. */
  readonly path: string;
  /** File in the repository; `undefined` for a page that is made when the site is built. */
  readonly source?: string;
  readonly title: string;
  /** The first paragraph, in one line and without marks. */
  readonly description: string;
  /** Markdown whose links are those of the site. */
  readonly text: string;
  /** Of a page of declarations the names alone are searched. */
  readonly search?: 'names';
}

/** A section of the map. */
export interface Section {
  readonly title: string;
  readonly groups: readonly { readonly title?: string; readonly links: readonly MapLink[] }[];
}
export interface MapLink {
  readonly title: string;
  readonly path: string;
}
