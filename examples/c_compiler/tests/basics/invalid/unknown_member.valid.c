// expect_exit: 4
struct point {
    int x, y, z;
};

int main(void) {
    struct point p = {1, 2};
    p.z = 3;
    return p.x + p.z;
}
