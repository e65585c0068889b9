import type { NewsSeat } from './revocation.ts';

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
