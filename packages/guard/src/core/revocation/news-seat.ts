/** The seat of the one process that follows Keycloak's events, and what it tells the others. */
export interface NewsSeat {
  /**
   * Takes the seat, or keeps it, for `ttlMs`.
   *
   * @param topic what is followed
   * @param holder a name that no other process has
   * @returns what was told last, `null` if nothing was; `undefined` if another process has the seat
   */
  take(topic: string, holder: string, ttlMs: number): Promise<string | null | undefined>;
  /** Gives the seat up. */
  leave(topic: string, holder: string): Promise<void>;
  /**
   * Tells all processes, and those that take the seat later. Resolves to false if this one has the seat no more: then nothing is
   * told.
   */
  tell(topic: string, holder: string, news: string): Promise<boolean>;
  /**
   * Calls `listener` for what is told, after all revocations that were added before it was. Older news may be left out.
   * Returns a function that ends it.
   */
  listen(topic: string, listener: (news: string) => void): () => void;
}

interface Topic {
  holder: string | undefined;
  /** By a monotonic clock. Unit: milliseconds. */
  until: number;
  news: string | null;
  readonly listeners: Set<(news: string) => void>;
}

/** A seat for those who share this memory. */
export function createMemorySeat(clock: () => number = () => performance.now()): NewsSeat {
  const topics = new Map<string, Topic>();
  const topicOf = (name: string): Topic => {
    const topic = topics.get(name) ?? { holder: undefined, until: 0, news: null, listeners: new Set() };
    topics.set(name, topic);
    return topic;
  };
  const isTaken = ({ until }: Topic): boolean => clock() < until;

  return {
    async take(name, holder, ttlMs) {
      const topic = topicOf(name);
      if (topic.holder !== holder && isTaken(topic)) return undefined;
      topic.holder = holder;
      topic.until = clock() + ttlMs;
      return topic.news;
    },
    async leave(name, holder) {
      const topic = topicOf(name);
      if (topic.holder === holder) topic.until = 0;
    },
    async tell(name, holder, news) {
      const topic = topicOf(name);
      if (topic.holder !== holder || !isTaken(topic)) return false;
      topic.news = news;
      for (const listener of topic.listeners) listener(news);
      return true;
    },
    listen(name, listener) {
      const { listeners } = topicOf(name);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
