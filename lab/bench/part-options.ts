/** What each part of the benchmark is given. */
export interface PartOptions {
  readonly quick: boolean;
  readonly log: (text: string) => void;
  /** Folder of another checkout, which is built: it is measured in turn with this one. */
  readonly against: string | undefined;
}
