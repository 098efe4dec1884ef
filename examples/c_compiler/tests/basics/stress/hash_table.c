// expect_stdout: 88 40 39
int printf(const char *format, ...);

struct entry {
    int key, count;
};

struct entry table[512];

unsigned int hash(int key) {
    unsigned int h = key;
    h ^= h >> 7;
    h *= 2654435761u;
    return h >> 23;
}

struct entry *find(int key) {
    unsigned int at = hash(key);
    while (table[at].count && table[at].key != key)
        at = (at + 1) % 512;
    table[at].key = key;
    return &table[at];
}

int main(void) {
    for (int i = 0; i < 3000; i++)
        find(i * i % 301)->count++;
    int used = 0, most = 0;
    for (int i = 0; i < 512; i++) {
        used += table[i].count != 0;
        if (table[i].count > most)
            most = table[i].count;
    }
    printf("%d %d %d\n", used, most, find(100)->count);
    return 0;
}
