// A service that migrates itself with golang-migrate: it says that it is ready, waits for a line,
// migrates, and stays.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	_ "github.com/golang-migrate/migrate/v4/source/file"
)

func main() {
	folder, url := os.Args[1], os.Args[2]
	fmt.Println("ready")
	word := bufio.NewReader(os.Stdin)
	if _, err := word.ReadString('\n'); err != nil {
		log.Fatal(err)
	}
	m, err := migrate.New("file://"+folder, url)
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		log.Fatal(err)
	}
	fmt.Println("done")
	word.ReadString('\n')
}
