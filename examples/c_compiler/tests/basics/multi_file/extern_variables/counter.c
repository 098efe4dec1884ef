int total = 5;
int history[4];
char *label = "total";

void count(int by) {
    static int calls;
    total += by;
    history[calls++] = total;
}
