// expect_stdout: 13 -6
// expect_stdout: box 2 1 50
// expect_stdout: 13 8 24
int printf(const char *format, ...);

struct point {
    int x, y;
};

struct shape {
    char name[6];
    struct point corner;
    long area;
};

void move(struct point *p, int by) {
    p->x += by;
    p->y -= by;
}

int main(void) {
    struct point a = {3, 4};
    struct shape s = {"box", {1, 2}, 50};
    move(&a, 10);
    move(&s.corner, 1);
    printf("%d %d\n", a.x, a.y);
    printf("%s %d %d %ld\n", s.name, s.corner.x, s.corner.y, s.area);
    s.corner = a;
    a.x = 0;
    printf("%d %d %d\n", s.corner.x, (int)sizeof(struct point), (int)sizeof s);
    return 0;
}
